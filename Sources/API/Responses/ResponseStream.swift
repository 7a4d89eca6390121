internal import JSON
internal import Tokenizers

/// The events of one streamed response: each item begins, grows and is done before the next begins.
struct ResponseStream {
  private enum Item: Equatable {
    case thought, message
    case call(Int)
  }

  private let dialect: ResponseDialect
  private var number = 0
  private var item: Item?
  private var index = -1
  /// What the item under way says so far.
  private var text = ""
  private var calls: [ToolCall] = []
  private var events: [JSONValue] = []

  init(_ dialect: ResponseDialect) { self.dialect = dialect }

  /// The events that come first.
  mutating func begin() -> [JSONValue] {
    for type in ["response.created", "response.in_progress"] {
      add(type, [.init("response", dialect.response(nil))])
    }
    return take()
  }

  /// - Parameter calls: all calls so far, for the ids.
  mutating func append(_ delta: ChatDelta, calls: [ToolCall]) -> [JSONValue] {
    self.calls = calls
    if !delta.reasoning.isEmpty { grow(.thought, delta.reasoning) }
    if !delta.content.isEmpty { grow(.message, delta.content) }
    for call in delta.toolCalls { grow(.call(call.index), call.arguments) }
    return take()
  }

  /// The last events.
  mutating func finish(
    _ choice: CompletionDialect.Choice, failure: JSONValue?
  ) -> [JSONValue] {
    calls = choice.toolCalls
    if index < 0, failure == nil { turn(to: .message) }
    end()
    let response = dialect.response(choice, failure: failure)
    add("response." + (response["status"]?.string ?? "completed"), [.init("response", response)])
    return take()
  }

  private mutating func take() -> [JSONValue] {
    defer { events = [] }
    return events
  }

  private mutating func add(_ type: String, _ members: [JSONValue.Member]) {
    events.append(
      JSONValue(
        members: [
          .init("type", .string(type)), .init("sequence_number", .integer(Int64(number))),
        ] + members))
    number += 1
  }

  /// An event of the item under way.
  private mutating func tell(_ type: String, _ members: [JSONValue.Member], hasPart: Bool = true) {
    var place: [JSONValue.Member] = [
      .init("item_id", facts(isDone: false)["id"] ?? .null),
      .init("output_index", .integer(Int64(index))),
    ]
    if hasPart { place.append(.init("content_index", .integer(0))) }
    add(type, place + members)
  }

  private mutating func grow(_ next: Item, _ piece: String) {
    turn(to: next)
    guard !piece.isEmpty else { return }
    text += piece
    let delta = JSONValue.Member("delta", .string(piece))
    switch next {
    case .thought: tell("response.reasoning_text.delta", [delta])
    case .message: tell("response.output_text.delta", [delta, .init("logprobs", [])])
    case .call: tell("response.function_call_arguments.delta", [delta], hasPart: false)
    }
  }

  private mutating func turn(to next: Item) {
    guard item != next else { return }
    end()
    item = next
    index += 1
    text = ""
    add(
      "response.output_item.added",
      [.init("output_index", .integer(Int64(index))), .init("item", facts(isDone: false))])
    if next == .message {
      tell("response.content_part.added", [.init("part", dialect.part(""))])
    }
  }

  private func facts(isDone: Bool) -> JSONValue {
    switch item {
    case .thought: dialect.thought(text, isDone: isDone)
    case .message: dialect.message(text, isDone: isDone)
    case .call(let place) where calls.indices.contains(place):
      dialect.call(calls[place], isDone: isDone)
    case .call, nil: .null
    }
  }

  private mutating func end() {
    guard let item else { return }
    switch item {
    case .thought: tell("response.reasoning_text.done", [.init("text", .string(text))])
    case .message:
      tell("response.output_text.done", [.init("text", .string(text)), .init("logprobs", [])])
      tell("response.content_part.done", [.init("part", dialect.part(text))])
    case .call(let place):
      let name = calls.indices.contains(place) ? calls[place].name : ""
      tell(
        "response.function_call_arguments.done",
        [.init("name", .string(name)), .init("arguments", .string(text))], hasPart: false)
    }
    add(
      "response.output_item.done",
      [.init("output_index", .integer(Int64(index))), .init("item", facts(isDone: true))])
    self.item = nil
  }
}
