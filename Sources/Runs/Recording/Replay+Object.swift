internal import Streams
internal import JSON
internal import Recordings

extension Replay {
  /// The run object.
  package func object() -> [UInt8] {
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
      writer.object("urls") { writer in
        writer.member("events", "/v1/runs/\(id)/events")
        writer.member("socket", "/v1/runs/\(id)/socket")
        writer.member("frames", "/v1/runs/\(id)/frames")
      }
    }
  }
}
