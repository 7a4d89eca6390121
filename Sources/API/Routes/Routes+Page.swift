internal import HTTP
internal import HTTPTypes
internal import Foundation

extension Routes {
  /// What the pages may do: their own files, their own server, nothing inline, in nobody's frame.
  static let pagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    + "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

  /// `GET /`: the page that shows a run as it happens.
  ///
  /// Where keys are needed, a browser without one is led to where it can show it; one that left the slash of the base path out, to
  /// where the page's links are right.
  func page(_ request: Request) throws(Refusal) -> Reply {
    if let place = service.options.basePath.slashed(request) {
      return .full(status: .permanentRedirect, fields: [.location: place])
    }
    let isKnown = Caller.current.may(.read)
    return isKnown
      ? try file("index.html") : .full(status: .seeOther, fields: [.location: "/login"])
  }

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
    return .file(StaticFile(type: type, bytes: bytes, securityPolicy: Self.pagePolicy))
  }
}
