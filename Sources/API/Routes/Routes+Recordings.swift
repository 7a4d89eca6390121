internal import HTTP
internal import JSON
internal import HTTPTypes
internal import Recordings
internal import Runs

extension Routes {
  private func id(_ request: Request) -> String { request.parameters["id"] ?? "" }

  /// `GET /v1/recordings`.
  func listRecordings(_ request: Request) throws(Refusal) -> Reply {
    let summaries = try service.desk().summaries()
    return .json(
      JSONWriter.object { writer in
        writer.member("recordings", .array(summaries.map(\.json)))
      })
  }

  /// `GET /v1/recordings/{id}`.
  func describeRecording(_ request: Request) throws(Refusal) -> Reply {
    let reader = try service.desk().reader(id(request))
    let summary = RecordingSummary(recordingID: id(request), reader)
    return .json(
      JSONWriter.object { writer in
        for member in summary.json.members ?? [] { writer.member(member.name, member.value) }
        writer.member("metadata", reader.metadata.json)
        if let damage = reader.damage {
          writer.object("damage") { writer in
            writer.member("reason", damage.reason.rawValue)
            writer.member("whole_bytes", damage.wholeBytes)
            writer.member("lost_bytes", damage.lostBytes)
          }
        }
      })
  }

  /// `GET /v1/recordings/{id}/file`.
  func recordingFile(_ request: Request) throws(Refusal) -> Reply {
    let copy = try service.desk().copy(id(request))
    let body = StreamBody.writing { writer in
      var offset = 0
      while true {
        let piece = try copy.bytes(at: offset, count: 256 << 10)
        guard !piece.isEmpty else { return }
        offset += piece.count
        try await writer.write(piece)
      }
    }
    return .stream(
      fields: download(id(request) + RecordingFolder.ending), body: body, heartbeat: nil)
  }

  /// `GET /v1/recordings/{id}/export?format=safetensors|npz`.
  func exportRecording(_ request: Request) throws(Refusal) -> Reply {
    let reader = try service.desk().reader(id(request))
    let format = request.query("format") ?? "safetensors"
    guard ["safetensors", "npz"].contains(format) else {
      throw .unknownValue(
        field: "format", found: "\"\(format.prefix(80))\"", allowed: ["safetensors", "npz"])
    }
    var bytes: [UInt8] = []
    do throws(RecordingError) {
      if format == "npz" {
        try NPZExport.write(reader) { piece throws(RecordingError) in bytes += piece }
      } else {
        try SafetensorsExport.write(reader) { piece throws(RecordingError) in bytes += piece }
      }
    } catch { throw .recording(error) }
    return .full(fields: download("\(id(request)).\(format)"), body: bytes)
  }

  private func download(_ name: String) -> HTTPFields {
    var fields = HTTPFields()
    fields[.contentType] = "application/octet-stream"
    fields[.contentDisposition] = "attachment; filename=\"\(name)\""
    return fields
  }

  /// `POST /v1/recordings/{id}/replay`.
  func replayRecording(_ request: Request) async throws(Refusal) -> Reply {
    let replay = try service.replay(id(request), Fields(optionalBody: request.body))
    var fields = HTTPFields()
    fields[further: .runID] = replay.id
    fields[.location] = "/v1/runs/\(replay.id)"
    return .json(await replay.object(), status: .created, fields: fields)
  }

  /// `POST /v1/recordings/{id}/verify`.
  func verifyRecording(_ request: Request) async throws(Refusal) -> Reply {
    let found = try await service.verify(id(request))
    return .json(
      JSONWriter.object { writer in
        writer.member("ok", found.difference == nil)
        writer.member("complete", found.isComplete)
        writer.member("frames_compared", found.comparedFrames)
        writer.name("first_difference")
        guard let difference = found.difference else {
          writer.null()
          return
        }
        writer.object { writer in
          writer.member("seq", difference.sequence)
          writer.member("step", difference.step)
          writer.member("hook_id", difference.hookID)
          writer.member("reason", difference.reason)
        }
      })
  }

  /// `DELETE /v1/recordings/{id}`.
  func deleteRecording(_ request: Request) throws(Refusal) -> Reply {
    try service.desk().remove(id(request))
    return .json(
      JSONWriter.object { writer in
        writer.member("recording_id", id(request))
        writer.member("status", "deleted")
      })
  }
}
