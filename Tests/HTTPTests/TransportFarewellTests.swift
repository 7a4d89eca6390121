@testable import HTTP
import HTTPTypes
import TestKit
import StreamKit
import Testing
import Wire

/// How conversations over WebSocket end while messages still wait for the handler.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct TransportFarewellTests {
  /// Answers each message only when the door has been opened.
  private static func slowEcho(_ log: SignalLog, _ door: Door) -> Route {
    Route(.get, "/socket") { _ in
      .webSocket(
        WebSocketUpgrade { peer in
          WebSocketUpgrade.Session(
            received: { message in
              guard case .text(let text) = message else { return }
              log.note("got \(text)")
              await door.pass()
              await peer.send(text: text)
            },
            closed: { code in log.note("closed \(code.map { Int($0.rawValue) } ?? 0)") })
        })
    }
  }

  private static let two =
    WebSocketTestClient.frame(1, Array("a".utf8)) + WebSocketTestClient.frame(1, Array("b".utf8))

  @Test func `messages that came before a broken rule are delivered and answered first`()
    async throws
  {
    let log = SignalLog()
    let door = Door()
    let kit = try await TransportKit([Self.slowEcho(log, door)]) { $0.drainDeadline = .seconds(60) }
    let socket = try await WebSocketTestClient(kit)
    let reserved: UInt8 = 3
    await socket.client.send(Self.two + WebSocketTestClient.frame(reserved, []))
    #expect(await eventually { log.all == ["got a"] })
    door.open()
    for expected in ["1:a", "1:b", "8:1002", "end"] { #expect(await socket.next() == expected) }
    #expect(await eventually { log.all == ["got a", "got b", "closed 1002"] })
  }

  @Test func `messages that came before a goodbye are delivered and answered first`() async throws {
    let log = SignalLog()
    let door = Door()
    let kit = try await TransportKit([Self.slowEcho(log, door)]) { $0.drainDeadline = .seconds(60) }
    let socket = try await WebSocketTestClient(kit)
    await socket.client.send(Self.two)
    await socket.send(close: 1000)
    #expect(await eventually { log.all == ["got a"] })
    door.open()
    for expected in ["1:a", "1:b", "8:1000", "end"] { #expect(await socket.next() == expected) }
    #expect(await eventually { log.all == ["got a", "got b", "closed 1000"] })
  }

  @Test func `a peer that stops speaking without a goodbye is still answered`() async throws {
    let log = SignalLog()
    let door = Door()
    let kit = try await TransportKit([Self.slowEcho(log, door)]) { $0.waitingMessages = 1 }
    let socket = try await WebSocketTestClient(kit)
    await socket.client.send(Self.two)
    #expect(await eventually { log.all == ["got a"] })
    socket.client.finishSending()
    door.open()
    for expected in ["1:a", "1:b", "8:0", "end"] { #expect(await socket.next() == expected) }
    #expect(await eventually { log.all == ["got a", "got b", "closed 0"] })
    #expect(await eventually { kit.server.connectionCount == 0 })
  }

  @Test func `what a peer says last is delivered though it has gone`() async throws {
    let log = SignalLog()
    let door = Door()
    let kit = try await TransportKit([Self.slowEcho(log, door)])
    var socket: WebSocketTestClient? = try await WebSocketTestClient(kit)
    await socket?.client.send(Self.two)
    #expect(await eventually { log.all == ["got a"] })
    socket = nil
    door.open()
    #expect(await eventually { log.all == ["got a", "got b", "closed 0"] })
    #expect(await eventually { kit.server.connectionCount == 0 })
  }

  @Test func `a handler that never answers does not keep a connection for ever`() async throws {
    let log = SignalLog()
    let door = Door()
    let kit = try await TransportKit([Self.slowEcho(log, door)]) {
      $0.drainDeadline = .milliseconds(100)
    }
    let socket = try await WebSocketTestClient(kit)
    await socket.client.send(Self.two)
    #expect(await eventually { log.all == ["got a"] })
    await socket.client.send(WebSocketTestClient.frame(3, []))
    #expect(await socket.next() == "end")
    #expect(await eventually { log.all == ["got a", "closed 0"] })
    door.open()
  }
}
