package import Engine
package import JSON
package import Hooks
internal import Interpretability

/// What a run is at one moment, for its object in answers.
package struct RunFacts: Sendable {
  package var id: String
  var urls: RunURLs
  package var order: RunOrder
  package var created: Int
  package var status: RunStatus
  package var sequence: UInt64
  package var step: Int
  package var completionTokens: Int
  package var finishReason: String?
  package var pieces: [String]
  package var text: String
  /// Those in force, and those that the pass under way still brings tensors of.
  package var hooks: [RunHook]
  package var interventions: [Intervention]
  package var watches: WatchList
  package var recordingID: String?
  package var parent: String?
  package var viewers: Int
  /// Why it failed, as viewers are told.
  package var failure: JSONValue?
  package var summary: GenerationSummary?
  /// When it ends if nobody watches or commands it, in seconds since 1970.
  package var expiresAt: Int?
  /// What a list of many runs leaves out of this one.
  package var omitted = OmittedFacts()

  /// The same for a list of many runs: with few hooks and interventions, and the beginning of the text.
  package var shortened: RunFacts {
    var short = self
    short.hooks = short.omitted.cut(hooks, "hooks")
    short.interventions = short.omitted.cut(interventions, "interventions")
    short.text = short.omitted.cut(text, "text", bytes: OmittedFacts.mostText)
    short.order.sampling.stop = order.sampling.stop.map {
      short.omitted.cut($0, "stop", bytes: OmittedFacts.mostStop)
    }
    return short
  }
}

extension RunFacts {
  /// The run object.
  package func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("run_id", id)
      writer.member("status", status.rawValue)
      writer.member("model", order.model.info.id)
      writer.member("seq", sequence)
      writer.member("step", step)
      writer.member("prompt_tokens", order.tokens.count)
      writer.member("completion_tokens", completionTokens)
      writer.member("finish_reason", finishReason)
      writer.member("text", text)
      writer.name("hooks")
      writer.value(.array(hooks.map { $0.json(order.model.catalogue) }))
      writer.array("interventions") { writer in
        for intervention in interventions { writer.value(intervention.json) }
      }
      writer.name("watches")
      writer.value(.array(watches.json))
      writer.member("analyses", order.analyses.map(\.name))
      writer.member("recording_id", recordingID)
      writer.member("parent_run_id", parent)
      writer.member("viewers", viewers)
      writer.member("created", created)
      writer.member("expires_at", expiresAt)
      writer.member("detached", order.isDetached)
      writer.member("sampling", RunEvents.sampling(order))
      writer.member("urls", urls)
      if let summary {
        writer.member("usage", RunEvents.usage(summary))
        writer.member("timings", RunEvents.timings(summary))
      }
      if let failure { writer.member("error", failure) }
      omitted.write(to: &writer)
    }
  }

  /// The run object as bytes.
  package var json: [UInt8] {
    var writer = JSONWriter()
    write(to: &writer)
    return writer.bytes
  }
}

extension Intervention {
  /// An intervention as run objects list it; vectors are told by their length only.
  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("intervention_id", .string(id)), .init("kind", .string(change.name)),
      .init("point", .string(point.name)), .init("from_step", JSONValue(fromStep)),
      .init("to_step", toStep.map { JSONValue($0) } ?? .null),
    ]
    if let heads { members.append(.init("heads", .array(heads.map { JSONValue($0) }))) }
    if let neurons { members.append(.init("neurons", .array(neurons.map { JSONValue($0) }))) }
    for (name, value) in change.given {
      switch value {
      case .number(let number): members.append(.init(name, .float(number)))
      case .integer(let number): members.append(.init(name, JSONValue(number)))
      case .flag(let flag): members.append(.init(name, .bool(flag)))
      case .choice(let name): members.append(.init(name, .string(name)))
      case .indices(let list):
        members.append(.init(name, .array(list.map { JSONValue($0) })))
      case .vector(let vector):
        members.append(.init("\(name)_length", JSONValue(vector.count)))
      case .token(let token): members.append(.init(name, JSONValue(Int(token))))
      case .rows, .positions: break
      }
    }
    return JSONValue(members: members)
  }
}
