/// The rule of models' names, which stand in paths, logs and answers.
enum ModelName {
  /// Bytes of a name at most.
  static let limit = 128
  static let rule =
    "1 to 128 letters, digits and . _ - : + @, in parts joined by / that are not . or .."

  /// Whether a name is a plain one.
  static func isPlain(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return name.utf8.count <= limit && name.utf8.allSatisfy { isPlain($0) || $0 == separator }
      && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
  }

  /// A plain name for a file: what else stands in its own becomes a dash, and the middle of a long one is left out.
  static func plain(ofFile name: String) -> String {
    var bytes: [UInt8] = []
    for byte in name.utf8 {
      if isPlain(byte) {
        bytes.append(byte)
      } else if bytes.last != dash {
        bytes.append(dash)
      }
    }
    if bytes.count > limit {
      // The end says which file of several it is.
      bytes = bytes.prefix(limit / 2 - 1) + [dash] + bytes.suffix(limit / 2)
    }
    let plain = String(decoding: bytes, as: UTF8.self)
    return isPlain(plain) && bytes != [dash] ? plain : "model"
  }

  private static let dash = UInt8(ascii: "-")
  private static let separator = UInt8(ascii: "/")

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: "._-:+@".utf8.contains(byte)
    }
  }
}
