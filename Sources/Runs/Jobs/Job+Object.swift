internal import JSON
internal import Streams

extension Job {
  /// The run object.
  package func object() -> [UInt8] { object(hasResult: true) }

  package func brief() -> [UInt8] { object(hasResult: false) }

  private func object(hasResult: Bool) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("run_id", id)
      writer.member("status", status.rawValue)
      writer.member("model", order.model)
      writer.member("seq", topic.nextSequence)
      writer.member("step", done)
      writer.member("prompt_tokens", order.tokens(done))
      writer.member("completion_tokens", 0)
      writer.member("finish_reason", finishReason)
      writer.member("text", "")
      writer.array("hooks") { _ in }
      writer.array("interventions") { _ in }
      writer.member("recording_id", recordingID)
      writer.member("viewers", topic.viewerCount)
      writer.member("created", created)
      writer.member(
        "expires_at", status.isOver ? nil : place.expiresAt(viewers: topic.viewerCount))
      writer.member("detached", order.isDetached)
      writer.object("job") { writer in
        writer.member("analysis", order.name)
        writer.member("done", done)
        writer.member("total", order.total)
      }
      writer.member("urls", place.urls(of: id))
      if status.isOver { writer.member("usage", usage) }
      if let failure { writer.member("error", failure) }
      if hasResult, let result { writer.member("result", result) }
    }
  }
}
