internal import Engine
internal import Hooks
internal import JSON
internal import OrderedCollections
internal import Runs

/// The body of a request, completed so that it makes the same run again: tokens for messages, the seed that was drawn, the
/// rows that are patched in.
struct RecordedRequest: Sendable {
  private static let dropped: Set<String> = [
    "messages", "prompt", "model", "record", "detach", "start", "id", "command", "subscribe",
    "policy", "from", "use_registered_hooks", "use_model_sampling",
  ]

  let json: [UInt8]

  init(_ fields: Fields, order: RunOrder, hooks: [Fields]) {
    let body = PatchRows.completing(fields.value, of: order.interventions)
    guard case .object(var members) = body else {
      json = Array("{}".utf8)
      return
    }
    if members["use_model_sampling"]?.bool == true {
      for (name, value) in Self.drawing(order.sampling.options) { members[name] = value }
    }
    members = members.filter { !Self.dropped.contains($0.key) }
    members["tokens"] = .array(order.tokens.map { .integer(Int64($0)) })
    members["seed"] = .integer(Int64(bitPattern: order.sampling.options.seed))
    members["max_tokens"] = .integer(Int64(order.maxTokens))
    members["activation_hooks"] = .array(hooks.map(\.value))
    json = Array(JSONValue.object(members).json(.compact).utf8)
  }

  /// What the model's files said of drawing, as members of a request: they are no part of the model's hash.
  private static func drawing(_ options: SamplingOptions) -> [(String, JSONValue)] {
    [
      ("temperature", .number(Double(options.temperature))),
      ("top_k", .integer(Int64(options.topK))), ("top_p", .number(Double(options.topP))),
      ("min_p", .number(Double(options.minP))),
      ("repetition_penalty", .number(Double(options.repetitionPenalty))),
    ]
  }
}
