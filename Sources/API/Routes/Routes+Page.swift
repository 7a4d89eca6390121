internal import HTTP
internal import Foundation

extension Routes {
  /// `GET /`: the page that shows a run as it happens.
  func page(_ request: Request) throws(Refusal) -> Reply { try file("index.html") }

  /// `GET /dashboard/{file}`.
  func pageFile(_ request: Request) throws(Refusal) -> Reply {
    try file(request.parameters["file"] ?? "")
  }

  func file(_ name: String) throws(Refusal) -> Reply {
    let types = [
      "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8",
      "css": "text/css; charset=utf-8", "svg": "image/svg+xml",
    ]
    // Names come from the path: only plain ones may reach the file system.
    let isPlain =
      !name.hasPrefix(".")
      && name.utf8.allSatisfy { byte in
        byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
          || (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
      }
    let type = name.split(separator: ".").last.flatMap { types[String($0)] }
    guard isPlain, let type,
      let bytes = service.installation.contents(service.installation.dashboardFile(name))
    else { throw .fileNotFound(name) }
    return .file(StaticFile(type: type, bytes: bytes))
  }
}
