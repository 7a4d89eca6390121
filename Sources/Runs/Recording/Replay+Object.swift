internal import Streams
internal import JSON
internal import Recordings

extension Replay {
  /// The run object.
  package func object() -> [UInt8] { object(hooks: hooks, text: text, OmittedFacts()) }

  package func brief() -> [UInt8] {
    var omitted = OmittedFacts()
    let list = omitted.cut(hooks.array ?? [], "hooks")
    let text = omitted.cut(text, "text", bytes: OmittedFacts.mostText)
    return object(hooks: .array(list), text: text, omitted)
  }

  private func object(hooks: JSONValue, text: String, _ omitted: OmittedFacts) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("run_id", id)
      writer.member("status", status.rawValue)
      writer.member("model", reader.metadata.model)
      writer.member("seq", topic.nextSequence)
      writer.member("step", step)
      writer.member("prompt_tokens", began?["prompt"]?["token_ids"]?.array?.count ?? 0)
      writer.member("completion_tokens", tokens)
      writer.member("finish_reason", finishReason)
      writer.member("text", text)
      writer.member("hooks", hooks)
      writer.array("interventions") { _ in }
      writer.member("recording_id", recordingID)
      writer.member("replay_of", reader.metadata.runID)
      writer.member("speed", clock.speed)
      writer.member("viewers", topic.viewerCount)
      writer.member("created", created)
      writer.member(
        "expires_at", status.isOver ? nil : place.expiresAt(viewers: topic.viewerCount))
      writer.member("urls", place.urls(of: id))
      omitted.write(to: &writer)
    }
  }
}
