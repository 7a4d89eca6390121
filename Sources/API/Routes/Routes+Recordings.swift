internal import HTTP
internal import JSON
internal import HTTPTypes
internal import Recordings
internal import Runs

extension Routes {
  private func id(_ request: Request) -> String { request.parameters["id"] ?? "" }

  /// `GET /v1/recordings`.
  func listRecordings(_ request: Request) async throws(Refusal) -> Reply {
    let desk = try service.desk()
    let summaries = try await service.files.perform { () throws(Refusal) in try desk.summaries() }
    return .json(
      JSONWriter.object { writer in
        writer.member("recordings", .array(summaries.map(\.json)))
      })
  }

  /// `GET /v1/recordings/{id}`.
  func describeRecording(_ request: Request) async throws(Refusal) -> Reply {
    let reader = try await service.reader(id(request))
    let summary = try service.desk().summary(id(request), reader)
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
        await Task.yield()
      }
    }
    return .stream(
      fields: download(id(request) + RecordingFolder.ending), body: body, heartbeat: nil)
  }

  /// `GET /v1/recordings/{id}/export?format=safetensors|npz&dtype=recorded|f32`.
  func exportRecording(_ request: Request) async throws(Refusal) -> Reply {
    let (desk, id) = (try service.desk(), id(request))
    let format = request.query("format") ?? "safetensors"
    guard ["safetensors", "npz"].contains(format) else {
      throw .unknownValue(
        field: "format", found: "\"\(format.prefix(80))\"", allowed: ["safetensors", "npz"])
    }
    let dtype = request.query("dtype") ?? "recorded"
    guard ["recorded", "f32"].contains(dtype) else {
      throw .unknownValue(
        field: "dtype", found: "\"\(dtype.prefix(80))\"", allowed: ["recorded", "f32"])
    }
    let isWide = dtype == "f32"
    let export = try await service.files.perform { () throws(Refusal) -> any RecordingExport in
      let reader = try desk.reader(id)
      do throws(RecordingError) {
        return format == "npz"
          ? try NPZExport(reader, asSingles: isWide)
          : try SafetensorsExport(reader, asSingles: isWide)
      } catch { throw .recording(error) }
    }
    let body = StreamBody.writing { writer in
      var export = export
      while let piece = try export.next() {
        try await writer.write(piece)
        // Others want the thread too, however fast the client reads.
        await Task.yield()
      }
    }
    return .stream(
      fields: download("\(id).\(format)"), body: body, heartbeat: nil)
  }

  private func download(_ name: String) -> HTTPFields {
    var fields = HTTPFields()
    fields[.contentType] = "application/octet-stream"
    fields[.contentDisposition] = "attachment; filename=\"\(name)\""
    return fields
  }

  /// `POST /v1/recordings/{id}/replay`.
  func replayRecording(_ request: Request) async throws(Refusal) -> Reply {
    let replay = try await service.replay(
      id(request), service.fields(of: request, isOptional: true))
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
        writer.member("results_compared", found.comparedResults)
        writer.member("unverified", found.unverified)
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

  /// `POST /v1/recordings/{id}/share`: lets other keys see it, or its own alone.
  func shareRecording(_ request: Request) async throws(Refusal) -> Reply {
    let isShared = try await service.sharing(request)
    try service.desk().share(id(request), isShared)
    return .json(
      JSONWriter.object { writer in
        writer.member("recording_id", id(request))
        writer.member("shared", isShared)
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
