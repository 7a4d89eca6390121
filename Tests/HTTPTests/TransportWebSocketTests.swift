@testable import HTTP
import Compression
import HTTPTypes
import TestKit
import StreamKit
import Testing
import Wire

@Suite(.ownThreads, .timeLimit(.minutes(60))) struct TransportWebSocketTests {
  /// Sends every message back, and notes how the conversation ended.
  private static func echo(_ log: SignalLog) -> Route {
    Route(.get, "/socket") { _ in
      .webSocket(
        WebSocketUpgrade { peer in
          WebSocketUpgrade.Session(
            received: { message in
              switch message {
              case .text(let text): await peer.send(text: text)
              case .binary(let bytes): await peer.send(.binary(bytes))
              }
            },
            closed: { code in log.note("closed \(code.map { Int($0.rawValue) } ?? 0)") })
        })
    }
  }

  @Test func `messages come back in order, whole and large ones too`() async throws {
    let kit = try await TransportKit([Self.echo(SignalLog())])
    let socket = try await WebSocketTestClient(
      kit, fields: ["Sec-WebSocket-Protocol: other, neuroscope.v1"])
    #expect(socket.response.status == "HTTP/1.1 101 Switching Protocols")
    #expect(socket.response["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    #expect(socket.response["Sec-WebSocket-Protocol"] == "neuroscope.v1")
    for number in 0..<200 { await socket.send(text: "\(number)") }
    for number in 0..<200 { #expect(await socket.next() == "1:\(number)") }
    let large = [UInt8](repeating: 9, count: 3 << 20)
    async let isSent = socket.client.send(WebSocketTestClient.frame(2, large))
    #expect(await socket.receive()?.payload == large)
    #expect(await isSent)
  }

  @Test func `frames that come with the handshake are not lost`() async throws {
    let kit = try await TransportKit([Self.echo(SignalLog())])
    let client = try kit.client()
    let head =
      "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    await client.send(Array(head.utf8) + WebSocketTestClient.frame(1, Array("hi".utf8)))
    #expect(await client.receive(through: "\r\n\r\n").hasPrefix("HTTP/1.1 101"))
    #expect(await client.receive(exactly: 4) == [0x81, 2] + Array("hi".utf8))
  }

  @Test func `a ping is answered, a goodbye too, and then the connection closes`() async throws {
    let log = SignalLog()
    let kit = try await TransportKit([Self.echo(log)])
    let socket = try await WebSocketTestClient(kit)
    await socket.client.send(WebSocketTestClient.frame(9, [1, 2]))
    #expect(await socket.next() == "10:[1, 2]")
    await socket.send(close: 1000)
    #expect(await socket.next() == "8:1000")
    #expect(await socket.next() == "end")
    #expect(await eventually { log.all == ["closed 1000"] })
  }

  @Test func `a broken rule ends the conversation with its code`() async throws {
    let log = SignalLog()
    let kit = try await TransportKit([Self.echo(log)])
    let unmasked = try await WebSocketTestClient(kit)
    await unmasked.client.send([0x81, 1, 0x61])
    #expect(await unmasked.next() == "8:1002")
    #expect(await unmasked.next() == "end")
    let badText = try await WebSocketTestClient(kit)
    await badText.client.send(WebSocketTestClient.frame(1, [0xff]))
    #expect(await badText.next() == "8:1007")
    #expect(await eventually { log.all == ["closed 1002", "closed 1007"] })
  }

  @Test(arguments: ["close", "reset"])
  func `whoever serves a peer is told when it vanishes`(how: String) async throws {
    let log = SignalLog()
    let kit = try await TransportKit([Self.echo(log)])
    var socket: WebSocketTestClient? = try await WebSocketTestClient(kit)
    if how == "reset" { socket?.client.resetWhenReleased() }
    socket = nil
    #expect(await eventually { log.all == ["closed 0"] })
    #expect(await eventually { kit.server.connectionCount == 0 })
  }

  @Test func `what is not a handshake is told what would be one`() async throws {
    let kit = try await TransportKit([Self.echo(SignalLog())])
    let plain = try await kit.exchange("GET /socket")
    #expect(plain.status == "HTTP/1.1 426 Upgrade Required")
    #expect(plain["Upgrade"] == "websocket")
    #expect(plain["Connection"] == "close, upgrade")
    let foreign = try await WebSocketTestClient(kit, fields: ["Origin: http://evil.example"])
    #expect(foreign.response.status == "HTTP/1.1 403 Forbidden")
    let local = try await WebSocketTestClient(kit, fields: ["Origin: http://localhost:5173"])
    #expect(local.response.status == "HTTP/1.1 101 Switching Protocols")
  }

  @Test func `a silent peer is pinged, and closed when it stays silent`() async throws {
    let log = SignalLog()
    let kit = try await TransportKit([Self.echo(log)]) { limits in
      limits.pingInterval = .milliseconds(100)
      limits.silenceDeadline = .milliseconds(350)
    }
    let socket = try await WebSocketTestClient(kit)
    #expect(await socket.next() == "9:[]")
    #expect(await eventually { log.all == ["closed 0"] })
  }

  @Test func `a peer that only listens is pinged while messages flow, and stays`() async throws {
    // The bug this holds off: what the server wrote put the ping off for ever, but not the end of its patience, so
    // whoever watched a long answer without a word of their own was cut off in the middle of it.
    let log = SignalLog()
    let talk = Route(.get, "/socket") { _ in
      .webSocket(
        WebSocketUpgrade { peer in
          let talking = Task {
            while !Task.isCancelled {
              await peer.send(text: "on")
              try? await Task.sleep(for: .milliseconds(5))
            }
          }
          return WebSocketUpgrade.Session(
            received: { _ in },
            closed: { _ in
              talking.cancel()
              log.note("closed")
            })
        })
    }
    let kit = try await TransportKit([talk]) { $0.pingInterval = .milliseconds(100) }
    let socket = try await WebSocketTestClient(kit)
    var pings = 0
    while pings < 3 {
      let message = await socket.next()
      if message == "9:[]" { pings += 1 } else { try #require(message == "1:on") }
    }
    #expect(log.all == [])
  }

  @Test func `draining says goodbye to sockets that watch nothing`() async throws {
    let log = SignalLog()
    let kit = try await TransportKit([Self.echo(log)])
    var socket: WebSocketTestClient? = try await WebSocketTestClient(kit)
    async let drained: Void = kit.server.drain(within: .seconds(3600))
    #expect(await socket?.next() == "8:1001")
    await socket?.send(close: 1001)
    #expect(await eventually { log.all == ["closed 1001"] })
    socket = nil
    await drained
    #expect(kit.server.connectionCount == 0)
  }
}
