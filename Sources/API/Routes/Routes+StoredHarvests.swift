internal import HTTP
internal import HTTPTypes
internal import JSON
internal import Recordings

extension Routes {
  private func name(_ request: Request) -> String { request.parameters["id"] ?? "" }

  /// `GET /v1/harvests`.
  func listHarvests(_ request: Request) async throws(Refusal) -> Reply {
    let all = try await service.allHarvests()
    return .json(
      JSONWriter.object { writer in
        writer.array("harvests") { writer in
          for one in all { writer.verbatim(one) }
        }
      })
  }

  /// `GET /v1/harvests/{id}`.
  func describeHarvest(_ request: Request) async throws(Refusal) -> Reply {
    .json(try await service.harvest(name(request)))
  }

  /// `DELETE /v1/harvests/{id}`: ends it, or removes it where nobody writes it.
  func deleteHarvest(_ request: Request) async throws(Refusal) -> Reply {
    let name = name(request)
    let status = try await service.deleteHarvest(name)
    return .json(
      JSONWriter.object { writer in
        writer.member("name", name)
        writer.member("status", status)
      })
  }

  /// `POST /v1/harvests/{id}/share`: lets other keys see it, or its own alone.
  func shareHarvest(_ request: Request) async throws(Refusal) -> Reply {
    let isShared = try await service.sharing(request)
    try await service.shareHarvest(name(request), isShared)
    return .json(
      JSONWriter.object { writer in
        writer.member("name", name(request))
        writer.member("shared", isShared)
      })
  }

  /// `GET /v1/harvests/{id}/files/{file}`.
  func harvestFile(_ request: Request) async throws(Refusal) -> Reply {
    let (service, file) = (service, request.parameters["file"] ?? "")
    let copy = try await service.harvestFile(name(request), file)
    var fields = HTTPFields()
    fields[.contentType] = "application/octet-stream"
    fields[.contentDisposition] = "attachment; filename=\"\(file)\""
    let body = StreamBody.writing { writer in
      var offset = 0
      while offset < copy.byteCount {
        let (place, count) = (offset, 1 << 20)
        let piece = try await service.files.perform { () throws(Refusal) in
          do throws(HarvestFileError) { return try copy.bytes(at: place, count: count) } catch {
            throw .harvestFile(error)
          }
        }
        guard !piece.isEmpty else { throw Refusal.harvestFile(.notFound(file)) }
        offset += piece.count
        try await writer.write(piece)
      }
    }
    return .stream(fields: fields, body: body)
  }
}
