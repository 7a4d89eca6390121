/// Holds up whoever wants to pass until it is opened; from then on it is open.
final class Door: Sendable {
  private let opening: AsyncStream<Void>
  private let opener: AsyncStream<Void>.Continuation

  init() { (opening, opener) = AsyncStream.makeStream(of: Void.self) }

  func open() { opener.finish() }

  func pass() async { for await _ in opening {} }
}
