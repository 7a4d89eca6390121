internal import HTTPTypes

/// Takes request targets apart.
///
/// - Standard: RFC 9112, section 3.2.
enum TargetParser {
  /// Answers the target, and the authority when the target is in absolute form.
  static func parse(
    _ bytes: ArraySlice<UInt8>, method: HTTPRequest.Method
  ) throws(BrokenRule) -> (RequestTarget, authority: String?) {
    guard bytes.allSatisfy(isAllowed) else { throw BrokenRule(.target) }
    if bytes.elementsEqual([UInt8(ascii: "*")]) {
      guard method == .options else { throw BrokenRule(.target) }
      return (RequestTarget(raw: "*", segments: [], isAsterisk: true), nil)
    }
    if bytes.first == UInt8(ascii: "/") { return (try origin(bytes), nil) }
    for scheme in ["http://", "https://"] as [StaticString]
    where Grammar.equals(bytes.prefix(scheme.utf8CodeUnitCount), scheme) {
      let rest = bytes.dropFirst(scheme.utf8CodeUnitCount)
      let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
      guard Grammar.isAuthority(authority) else { throw BrokenRule(.target) }
      let path = rest[authority.endIndex...]
      let slash = path.first == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]
      return (try origin((slash + path)[...]), String(decoding: authority, as: UTF8.self))
    }
    throw BrokenRule(.target)
  }

  /// Visible ASCII without what no URI may hold raw; a fragment is never sent.
  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "#"), UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"),
      UInt8(ascii: "\\"):
      false
    default: (0x21...0x7e).contains(byte)
    }
  }

  private static func origin(_ bytes: ArraySlice<UInt8>) throws(BrokenRule) -> RequestTarget {
    let path = bytes.prefix { $0 != UInt8(ascii: "?") }
    var segments: [String] = []
    for segment in path.dropFirst().split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    {
      segments.append(try decoded(segment, isPath: true))
    }
    if segments == [""] { segments = [] }
    return RequestTarget(
      raw: String(decoding: bytes, as: UTF8.self), segments: segments,
      query: try query(bytes[path.endIndex...].dropFirst()))
  }

  private static func query(
    _ bytes: ArraySlice<UInt8>
  ) throws(BrokenRule) -> [RequestTarget.QueryItem] {
    var items: [RequestTarget.QueryItem] = []
    for pair in bytes.split(separator: UInt8(ascii: "&")) {
      let name = pair.prefix { $0 != UInt8(ascii: "=") }
      items.append(
        RequestTarget.QueryItem(
          name: try decoded(name, isPath: false),
          value: try decoded(pair[name.endIndex...].dropFirst(), isPath: false)))
    }
    return items
  }

  /// Percent-decodes text that must come out as UTF-8 without NUL, in a path without any control character.
  private static func decoded(_ bytes: ArraySlice<UInt8>, isPath: Bool) throws(BrokenRule) -> String
  {
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    var index = bytes.startIndex
    while index < bytes.endIndex {
      var byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "%") {
        guard bytes.endIndex - index >= 2, let high = Grammar.hexDigit(bytes[index]),
          let low = Grammar.hexDigit(bytes[index + 1])
        else { throw BrokenRule(.targetEncoding) }
        byte = high << 4 | low
        index += 2
        guard byte != 0, !isPath || byte >= 0x20 && byte != 0x7f else {
          throw BrokenRule(.targetEncoding)
        }
      } else if byte == UInt8(ascii: "+") && !isPath {
        byte = 0x20
      }
      output.append(byte)
    }
    guard let text = String(validating: output, as: UTF8.self) else {
      throw BrokenRule(.targetEncoding)
    }
    return text
  }
}
