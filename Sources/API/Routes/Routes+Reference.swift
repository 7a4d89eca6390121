internal import HTTP
internal import JSON

extension Routes {
  /// `GET /v1/openapi.json`.
  func openAPI(_ request: Request) throws(Refusal) -> Reply {
    .json(try ReferenceDocument(service.installation, base: service.options.basePath).json)
  }

  /// `GET /reference`.
  func reference(_ request: Request) throws(Refusal) -> Reply { try file("reference.html") }
}
