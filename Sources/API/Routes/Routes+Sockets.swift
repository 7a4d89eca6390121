package import HTTP
internal import HTTPTypes

extension Routes {
  /// `GET /v1/socket`: starts and watches any number of runs.
  func socket(_ request: Request) throws(Refusal) -> Reply {
    .webSocket(upgrade { _ in })
  }

  /// `GET /v1/runs/{id}/socket`: the same, and watches that run from the beginning.
  func runSocket(_ request: Request) throws(Refusal) -> Reply {
    let run = try service.run(request.parameters["id"] ?? "")
    let wish = try SocketWish(request)
    return .webSocket(upgrade { $0.watch(run, wish) })
  }

  private func upgrade(
    _ opened: @escaping @Sendable (SocketSession) -> Void
  ) -> WebSocketUpgrade {
    let service = service
    return WebSocketUpgrade { peer in
      let session = SocketSession(service: service, peer: peer)
      opened(session)
      return WebSocketUpgrade.Session(
        received: { await session.receive($0) }, closed: { _ in session.close() })
    }
  }

  /// `GET /v1/echo`, under `--conformance-echo` only: sends every message back as it came.
  package static let echo = Route(.get, "/v1/echo", needs: .open) { _ in .webSocket(.echo) }
}
