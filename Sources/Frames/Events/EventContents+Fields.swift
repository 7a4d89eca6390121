public import JSON

extension EventContents {
  /// The type these contents belong to.
  public var type: EventType {
    switch self {
    case .runStarted: .runStarted
    case .promptProgress: .promptProgress
    case .token: .token
    case .text: .text
    case .analysis: .analysis
    case .interventionApplied: .interventionApplied
    case .runPaused: .runPaused
    case .runResumed: .runResumed
    case .runForked: .runForked
    case .gap: .gap
    case .runFinished: .runFinished
    case .error: .error
    }
  }

  /// The members they add to the envelope.
  public var fields: [JSONValue.Member] {
    switch self {
    case .runStarted(let model, let hash, let tokenIDs, let pieces, let hooks, let sampling):
      [
        .init("model", .string(model)), .init("model_hash", hash.map { .string($0) } ?? .null),
        .init(
          "prompt",
          [
            "token_ids": .array(tokenIDs.map { JSONValue($0) }),
            "pieces": .array(pieces.map { .string($0) }),
          ]),
        .init("hooks", .array(hooks)), .init("sampling", sampling),
      ]
    case .promptProgress(let processed, let total):
      [.init("processed", JSONValue(processed)), .init("total", JSONValue(total))]
    case .token(let id, let text, let logprob, let top):
      [
        .init("token_id", JSONValue(id)), .init("text", .string(text)),
        .init("logprob", logprob.map { .number($0) } ?? .null),
        .init("top", .array(top.map(\.json))),
      ]
    case .text(let rest): [.init("text", .string(rest))]
    case .analysis(let name, let result): [.init("name", .string(name)), .init("result", result)]
    case .interventionApplied(let id, let step):
      [.init("intervention_id", .string(id)), .init("first_step", JSONValue(step))]
    case .runPaused, .runResumed: []
    case .runForked(let child): [.init("child_run_id", .string(child))]
    case .gap(let dropped): [.init("dropped", .array(dropped.map(\.json)))]
    case .runFinished(let reason, let usage, let timings):
      [
        .init("finish_reason", .string(reason)), .init("usage", usage), .init("timings", timings),
      ]
    case .error(let error): [.init("error", error)]
    }
  }
}

extension EventContents.Alternative {
  var json: JSONValue {
    ["token_id": JSONValue(tokenID), "text": .string(text), "logprob": .number(logprob)]
  }
}

extension EventContents.Dropped {
  var json: JSONValue {
    [
      "hook_id": .string(hookID), "from_seq": JSONValue(firstSequence),
      "to_seq": JSONValue(lastSequence), "count": JSONValue(count),
    ]
  }
}

extension Event {
  /// An event from what its type adds.
  public init(
    _ contents: EventContents, runID: String, sequence: UInt64, step: Int, milliseconds: Double
  ) {
    self.init(
      contents.type, runID: runID, sequence: sequence, step: step, milliseconds: milliseconds,
      fields: contents.fields)
  }
}
