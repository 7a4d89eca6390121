extension String {
  /// Whether it names a file in a folder and nothing else, although it comes from a request: 128 letters, digits, `-`, `_`
  /// and inner dots at most.
  var isPlainFileName: Bool {
    let isPlain = utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
      default: false
      }
    }
    return isPlain && !isEmpty && utf8.count <= 128 && !hasPrefix(".")
  }
}
