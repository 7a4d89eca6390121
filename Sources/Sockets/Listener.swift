package import Loops

/// Accepts connections on one address.
///
/// Accepts at most a batch per wake-up, so a storm of connections cannot keep the loop from those it
/// serves already. When descriptors run out it rests a while instead of spinning or failing: those
/// who wait stay in the kernel's backlog.
package actor Listener {
  /// Takes a connection over; called on the listener's loop.
  package typealias Acceptor = @Sendable (consuming AcceptedSocket) -> Void

  private static let backlog: Int32 = 1024
  private static let batch = 64
  private static let rest: Duration = .milliseconds(100)

  private let loop: Loop
  private let descriptor: Int32
  /// Owns the descriptor until it is watched.
  private var unstarted: Descriptor?
  private let call: @Sendable (Int32) -> AcceptOutcome
  private let mayAccept: @Sendable () -> Bool
  private let acceptor: Acceptor
  private var readiness: Readiness?
  private var isWanted = true
  private var isStopped = false
  private var isResting = false
  /// How often accepting rested because descriptors or memory ran out.
  package private(set) var exhaustions = 0

  /// Where it listens; for port 0, the port the system chose.
  package nonisolated let address: SocketAddress

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    loop.asUnownedSerialExecutor()
  }

  /// Binds and listens; accepts nothing before `start`.
  ///
  /// - Parameters:
  ///   - mayAccept: asked before each connection; after it has said no, nothing is accepted until
  ///     `setAccepting(true)`, so whoever says no has to call that when there is room again.
  ///   - acceptor: takes a connection over.
  /// - Throws: `SocketError`, for instance when the address is in use.
  package init(
    on address: SocketAddress, loop: Loop, mayAccept: @escaping @Sendable () -> Bool = { true },
    acceptor: @escaping Acceptor
  ) throws(SocketError) {
    try self.init(
      on: address, loop: loop, mayAccept: mayAccept, call: Fence.accept, acceptor: acceptor)
  }

  /// The same with another system call for accepting, so that tests can play a full machine.
  init(
    on address: SocketAddress, loop: Loop, mayAccept: @escaping @Sendable () -> Bool = { true },
    call: @escaping @Sendable (Int32) -> AcceptOutcome, acceptor: @escaping Acceptor
  ) throws(SocketError) {
    self.call = call
    let (descriptor, bound) = try Fence.listen(on: address, backlog: Self.backlog)
    self.loop = loop
    self.mayAccept = mayAccept
    self.acceptor = acceptor
    self.descriptor = descriptor
    unstarted = Descriptor(descriptor)
    self.address = bound
  }

  /// Begins to accept.
  package func start() {
    guard let owned = unstarted.take()?.release() else { return }
    let readiness = Readiness(
      descriptor: owned, loop: loop,
      readable: { [weak self] in self?.assumeIsolated { $0.acceptBatch() } }, writable: {})
    self.readiness = readiness
    update()
  }

  /// Stops accepting for a while, or goes on: for a limit on connections.
  package func setAccepting(_ wanted: Bool) {
    isWanted = wanted
    update()
  }

  /// Stops for good; when it returns, the address is free.
  package func stop() async { await stop(removingFile: true) }

  /// Stops for good; a socket file left behind is taken for stale by the next listener.
  func stop(removingFile: Bool) async {
    guard !isStopped else { return }
    isStopped = true
    readiness?.cancel()
    readiness = nil
    unstarted = nil
    if removingFile, case .unix(let path) = address { Fence.removeFile(at: path) }
  }

  private func update() {
    readiness?.setReading(isWanted && !isResting && !isStopped)
    if readiness?.failure != nil, !isResting { takeRest() }
  }

  private func acceptBatch() {
    for _ in 0..<Self.batch {
      guard isWanted, !isStopped else { return }
      guard mayAccept() else { return setAccepting(false) }
      switch call(descriptor) {
      case .connection(let accepted, let remote):
        acceptor(AcceptedSocket(descriptor: Descriptor(accepted), remote: remote))
      case .again: continue
      case .nobody: return
      case .exhausted, .failed: return takeRest()
      }
    }
  }

  private func takeRest() {
    exhaustions += 1
    isResting = true
    update()
    loop.schedule(after: Self.rest) { [weak self] in
      self?.assumeIsolated { $0.endRest() }
    }
  }

  private func endRest() {
    isResting = false
    update()
  }
}
