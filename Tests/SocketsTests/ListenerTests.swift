import Loops
import Synchronization
import TestKit
import Testing

@testable import Sockets

@Suite(.ownThreads) struct ListenerTests {
  /// A kernel that answers from a script, then as the real one does.
  private final class Script: Sendable {
    private let outcomes: Mutex<[AcceptOutcome]>
    private let list = Mutex<[ContinuousClock.Instant]>([])

    init(_ outcomes: [AcceptOutcome]) { self.outcomes = Mutex(outcomes) }

    /// When each scripted outcome was given.
    var times: [ContinuousClock.Instant] { list.withLock(\.self) }

    func accept(_ descriptor: Int32) -> AcceptOutcome {
      let next = outcomes.withLock { $0.isEmpty ? nil : $0.removeFirst() }
      guard let next else { return Fence.accept(from: descriptor) }
      list.withLock { $0.append(ContinuousClock.now) }
      return next
    }
  }

  private func accept(after script: Script) async throws -> (accepted: Bool, rests: Int) {
    let loop = Loop(label: "test")
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    let listener = try Listener(
      on: .ipv4("127.0.0.1", port: 0), loop: loop, call: { script.accept($0) },
      acceptor: { _ in continuation.yield() })
    await listener.start()
    let client = try #require(LoopbackClient(port: listener.address.port ?? 0))
    var iterator = stream.makeAsyncIterator()
    let accepted: Void? = await iterator.next()
    let rests = await listener.exhaustions
    await listener.stop()
    client.close()
    return (accepted != nil, rests)
  }

  @Test func `without descriptors the listener rests instead of spinning, then goes on`()
    async throws
  {
    let script = Script([.exhausted, .exhausted])
    let (accepted, rests) = try await accept(after: script)
    #expect(accepted)
    #expect(rests == 2)
    #expect(script.times[1] - script.times[0] >= .milliseconds(100))
  }

  @Test func `a peer that gave up while waiting does not stop those behind it`() async throws {
    let (accepted, rests) = try await accept(after: Script([.again, .again, .again]))
    #expect(accepted)
    #expect(rests == 0)
  }

  @Test func `listeners come and go on one loop, and every peer is accepted or refused`()
    async throws
  {
    let loop = Loop(label: "test")
    for round in 0..<60 {
      let (stream, continuation) = AsyncStream<Void>.makeStream()
      let listener = try Listener(on: .ipv4("127.0.0.1", port: 0), loop: loop) { _ in
        continuation.yield()
      }
      await listener.start()
      let port = listener.address.port ?? 0
      let client = try #require(LoopbackClient(port: port))
      if round.isMultiple(of: 2) { await listener.setAccepting(false) }
      await listener.setAccepting(true)
      var iterator = stream.makeAsyncIterator()
      #expect(await iterator.next() != nil)
      await listener.stop()
      #expect(LoopbackClient(port: port) == nil, "the address is free when stop returns")
      client.close()
    }
    #expect(try loop.readiness().count == 0)
  }
}
