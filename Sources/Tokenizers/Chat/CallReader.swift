import JSON

/// Reads one function call out of an object of JSON that arrives byte by byte: `{"name": …, "arguments": {…}}`.
///
/// Arguments are handed on as they come, as the model wrote them. What turns out to be no such object is kept, so that
/// none of it is lost.
struct CallReader: Sendable {
  enum State: Sendable, Equatable {
    case reading, done
    /// It is no call.
    case failed
  }

  private enum Phase: Sendable {
    case start, beforeKey, key, colon, beforeValue, value
  }

  private(set) var state = State.reading
  /// All bytes so far.
  private(set) var bytes: [UInt8] = []
  private(set) var name: String?
  /// Arguments that nobody has taken yet.
  private var arguments: [UInt8] = []
  /// Whether there were arguments at all.
  private(set) var hasArguments = false
  private var phase = Phase.start
  private var key = ""
  /// The string or value under way, with its quotes.
  private var token: [UInt8] = []
  private var depth = 0
  private var isInString = false
  private var isEscaped = false
  private static let nameLimit = 256

  init() {}

  /// A call whose name stood before its arguments.
  init(name: String) {
    self.name = name
    key = "arguments"
    phase = .beforeValue
    isWithoutObject = true
  }

  private var isWithoutObject = false

  /// Takes the next byte; none after ``state`` is no longer reading.
  mutating func append(_ byte: UInt8) {
    bytes.append(byte)
    switch phase {
    case .start: open(byte)
    case .beforeKey: beginKey(byte)
    case .key: spell(byte)
    case .colon: if !isSpace(byte) { byte == UInt8(ascii: ":") ? (phase = .beforeValue) : fail() }
    case .beforeValue: if !isSpace(byte) { beginValue(byte) }
    case .value: goOn(byte)
    }
  }

  /// Arguments that have become certain since the last call, once the name is known.
  mutating func takeArguments() -> String {
    guard name != nil else { return "" }
    defer { arguments = [] }
    if state == .done, !hasArguments { arguments = Array("{}".utf8) }
    return String(decoding: arguments, as: UTF8.self)
  }

  private mutating func fail() { state = .failed }

  private func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0a, 0x0d].contains(byte) }

  private mutating func open(_ byte: UInt8) {
    guard !isSpace(byte) else { return }
    byte == UInt8(ascii: "{") ? (phase = .beforeKey) : fail()
  }

  private mutating func beginKey(_ byte: UInt8) {
    if isSpace(byte) || byte == UInt8(ascii: ",") { return }
    switch byte {
    case UInt8(ascii: "\""):
      token = [byte]
      phase = .key
    case UInt8(ascii: "}"): finish()
    default: fail()
    }
  }

  private mutating func spell(_ byte: UInt8) {
    token.append(byte)
    guard ends(string: byte) else { return }
    key = Self.text(token) ?? ""
    phase = .colon
  }

  /// Whether the byte ends the string under way.
  private mutating func ends(string byte: UInt8) -> Bool {
    if isEscaped {
      isEscaped = false
    } else if byte == UInt8(ascii: "\\") {
      isEscaped = true
    } else {
      return byte == UInt8(ascii: "\"")
    }
    return false
  }

  private mutating func beginValue(_ byte: UInt8) {
    token = []
    depth = 0
    isInString = false
    phase = .value
    goOn(byte)
  }

  private var isArguments: Bool { key == "arguments" || key == "parameters" }

  private mutating func goOn(_ byte: UInt8) {
    if isInString {
      keep(byte)
      guard ends(string: byte) else { return }
      isInString = false
      if depth == 0 { endValue() }
      return
    }
    switch byte {
    case UInt8(ascii: "\""):
      isInString = true
      keep(byte)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      depth += 1
      keep(byte)
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      guard depth > 0 else {
        endValue()
        return byte == UInt8(ascii: "}") ? finish() : fail()
      }
      depth -= 1
      keep(byte)
      if depth == 0 { endValue() }
    case UInt8(ascii: ",") where depth == 0: endValue()
    default: keep(byte)
    }
  }

  /// An object of arguments is handed on at once, all else when it is whole.
  private mutating func keep(_ byte: UInt8) {
    let isObject = isArguments && (token.first ?? byte) == UInt8(ascii: "{")
    if isObject {
      if token.isEmpty { token = [byte] }
      hasArguments = true
      arguments.append(byte)
    } else {
      token.append(byte)
    }
  }

  private mutating func endValue() {
    phase = .beforeKey
    if key == "name" {
      guard let text = Self.text(token), !text.isEmpty, text.utf8.count <= Self.nameLimit else {
        return fail()
      }
      name = text
    } else if isArguments, token.first != UInt8(ascii: "{") {
      // Some models write the arguments' text as a string.
      hasArguments = true
      arguments += Self.text(token).map { Array($0.utf8) } ?? token
    }
    if isWithoutObject { finish() }
  }

  private mutating func finish() { name == nil ? fail() : (state = .done) }

  private static func text(_ quoted: [UInt8]) -> String? {
    (try? JSONValue(parsing: quoted))?.string
  }
}
