/// What systems on a trace's way tell each other beside its number: a list of keys and values that is handed on.
///
/// - Standard: W3C Trace Context, level 1, section 3.3.
package struct TraceState: Sendable, Hashable {
  /// The list as it is handed on, its members joined by commas; empty where there are none.
  package let text: String

  /// Nothing.
  package static let none = TraceState("")

  /// Members that a list may have.
  private static let limit = 32

  /// Reads the values of `tracestate`, joined by commas; a list with anything wrong in it is dropped whole.
  package init(_ text: String) {
    var members: [String] = []
    var keys: Set<Substring> = []
    for part in text.split(separator: ",") {
      let member = part.trimming { $0 == " " || $0 == "\t" }
      // A member without anything in it is allowed, and says nothing.
      guard !member.isEmpty else { continue }
      guard let place = member.firstIndex(of: "="), members.count < Self.limit,
        Self.isKey(member[..<place].utf8), Self.isValue(member[member.index(after: place)...].utf8),
        keys.insert(member[..<place]).inserted
      else {
        self.text = ""
        return
      }
      members.append(String(member))
    }
    self.text = members.joined(separator: ",")
  }

  /// A name of its own, or a tenant's in a system.
  private static func isKey(_ key: Substring.UTF8View) -> Bool {
    let parts = key.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    switch parts.count {
    case 1: return isName(parts[0], atMost: 256)
    case 2:
      return isName(parts[0], atMost: 241, mayBeginWithDigit: true) && isName(parts[1], atMost: 14)
    default: return false
    }
  }

  private static func isName(
    _ name: Substring.UTF8View.SubSequence, atMost limit: Int, mayBeginWithDigit: Bool = false
  ) -> Bool {
    guard let first = name.first, name.count <= limit else { return false }
    guard isLetter(first) || (mayBeginWithDigit && isDigit(first)) else { return false }
    return name.allSatisfy { isLetter($0) || isDigit($0) || "_-*/".utf8.contains($0) }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  /// Visible ASCII and blanks, but no comma, no second equals sign, and no blank at the end.
  private static func isValue(_ value: Substring.UTF8View) -> Bool {
    guard let last = value.last, value.count <= 256, last != 0x20 else { return false }
    return value.allSatisfy {
      (0x20...0x7e).contains($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=")
    }
  }
}

extension Substring {
  fileprivate func trimming(_ isLeft: (Character) -> Bool) -> Substring {
    var rest = self
    while let first = rest.first, isLeft(first) { rest.removeFirst() }
    while let last = rest.last, isLeft(last) { rest.removeLast() }
    return rest
  }
}
