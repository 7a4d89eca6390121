import JSON
import OrderedCollections

/// Marks in a conversation, one private character for each message and tool, to see which of them a template
/// prints.
struct PromptMarks {
  /// Beyond these a conversation is not marked.
  static let limit = 0xE000

  private let plane: DisguisePlane
  private(set) var count = 0
  /// The marks of each message; empty for a message without text.
  private var messages: [[Int]] = []
  private var tools: [Int] = []

  init(_ plane: DisguisePlane) { self.plane = plane }

  private mutating func next() -> (mark: Int, text: String) {
    defer { count += 1 }
    let scalar = Unicode.Scalar(plane.base + 0x100 + UInt32(min(count, Self.limit)))
    return (count, scalar.map { String($0) } ?? "")
  }

  /// The message with a mark at the end of its text, where templates that cut thoughts off leave it, and one
  /// in the name of each call.
  mutating func mark(_ message: ChatMessage) -> ChatMessage {
    var message = message
    var own: [Int] = []
    let scalars = message.content.unicodeScalars
    if let last = scalars.lastIndex(where: { !$0.properties.isWhitespace }) {
      let (mark, text) = next()
      own.append(mark)
      let end = scalars.index(after: last)
      message.content = String(scalars[..<end]) + text + String(scalars[end...])
    }
    for index in message.toolCalls.indices {
      let (mark, text) = next()
      own.append(mark)
      message.toolCalls[index].name += text
    }
    messages.append(own)
    return message
  }

  /// The tool with a mark in its function's name.
  mutating func mark(tool: JSONValue) -> JSONValue {
    guard case .object(var members) = tool, case .object(var function) = members["function"],
      case .string(let name) = function["name"]
    else { return tool }
    let (mark, text) = next()
    tools.append(mark)
    function["name"] = .string(name + text)
    members["function"] = .object(function)
    return .object(members)
  }

  /// The marks in a rendered text, also where it was written as JSON's escapes.
  func seen(in text: String) -> Set<Int> {
    var seen: Set<Int> = []
    for scalar in text.unicodeScalars where scalar.value > plane.base {
      seen.insert(Int(scalar.value - plane.base) - 0x100)
    }
    if seen.isEmpty, text.contains("\\ud") {
      // Escaped, a mark cannot be told from its neighbours cheaply; all of them may be there.
      seen = Set(0..<count)
    }
    return seen
  }

  /// Whether nothing of a message came out.
  func isLost(message: Int, _ seen: Set<Int>) -> Bool {
    !messages[message].isEmpty && seen.isDisjoint(with: messages[message])
  }

  /// Whether no tool came out, though there are some.
  func areToolsLost(_ seen: Set<Int>) -> Bool { !tools.isEmpty && seen.isDisjoint(with: tools) }
}
