import Loops

/// What a connection is given for its life: its number, its loop, what it shares with all others, and who is at the other end.
struct ConnectionPlace: Sendable {
  let id: Int
  let loop: Loop
  let services: TransportServices
  /// Who is at the other end, for shares.
  private let peer: ClientKey
  /// Told once when the connection is over.
  let onClosed: @Sendable (Int) -> Void

  init(
    id: Int, loop: Loop, services: TransportServices, peer: ClientKey,
    onClosed: @escaping @Sendable (Int) -> Void
  ) {
    self.id = id
    self.loop = loop
    self.services = services
    self.peer = peer
    self.onClosed = onClosed
  }

  /// Whose share of everything a caller's work counts against: its key's, or the peer's where there are no keys.
  func client(for caller: Caller) -> ClientKey { caller.client ?? peer }
}
