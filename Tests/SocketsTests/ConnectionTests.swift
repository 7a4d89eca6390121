import Foundation
import Glibc
import Loops
import Synchronization
import TestKit
import Testing

@testable import Sockets

/// Connections over real loopback sockets, against peers that misbehave.
@Suite(.ownThreads) struct ConnectionTests {
  @Test func `what a peer sends comes back, in order, over IPv4, IPv6 and Unix sockets`()
    async throws
  {
    let path = "/tmp/neuroscope-test-\(UInt64.random(in: 0...UInt64.max)).sock"
    let addresses: [SocketAddress] = [
      .ipv4("127.0.0.1", port: 0), .ipv6("::1", port: 0), .unix(path: path),
    ]
    for address in addresses {
      let server = try await EchoServer(on: address)
      let client = try #require(server.connect())
      let sent = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      async let isSent = client.send(sent)
      #expect(await client.receive(exactly: sent.count) == sent, "\(address)")
      #expect(await isSent)
      await server.stop()
      #expect(server.connect() == nil)
    }
  }

  @Test func `a half-closed peer still gets its answer`() async throws {
    let server = try await EchoServer()
    let client = try #require(server.connect())
    await client.send("last words")
    client.finishSending()
    #expect(await client.receiveAll() == Array("last words".utf8))
    await server.stop()
  }

  @Test func `a reset is reported at once`() async throws {
    let server = try await EchoServer()
    var client = server.connect()
    await client?.send("x")
    _ = await client?.receive(exactly: 1)
    client?.resetWhenReleased()
    client = nil
    let ending = await server.nextEnding()
    #expect(ending == .failed(104))
    await server.stop()
  }

  @Test func `a peer that does not read is waited for with a write source, and then gets all`()
    async throws
  {
    let server = try await EchoServer(greeting: [UInt8](repeating: 7, count: 3 << 20))
    let client = try #require(server.connect(receiveBuffer: 4096))
    try await Task.sleep(for: .milliseconds(100))
    #expect(await client.receive(exactly: 3 << 20) == [UInt8](repeating: 7, count: 3 << 20))
    await server.stop()
  }

  @Test func `a kernel that takes one byte at a time gives the same bytes`() async throws {
    let calls = Connection.Calls(
      read: Connection.Calls.system.read,
      send: { descriptor, pieces in
        guard let first = pieces.first else { return .bytes(0) }
        let byte = UnsafeRawBufferPointer(rebasing: first.prefix(1))
        return Connection.Calls.system.send(descriptor, [byte])
      })
    let server = try await EchoServer(calls: calls)
    let client = try #require(server.connect())
    await client.send("byte by byte")
    #expect(await client.receive(exactly: 12) == Array("byte by byte".utf8))
    await server.stop()
  }

  @Test func `a storm of connections is served`() async throws {
    let server = try await EchoServer()
    let clients = (0..<300).compactMap { _ in server.connect() }
    #expect(clients.count == 300)
    for client in clients { await client.send("hello") }
    for client in clients { #expect(await client.receive(exactly: 5) == Array("hello".utf8)) }
    await server.stop()
  }

  @Test func `a listener that is told to wait leaves peers in the backlog`() async throws {
    let server = try await EchoServer()
    await server.listener.setAccepting(false)
    let client = try #require(server.connect())
    await client.send("patience")
    try await Task.sleep(for: .milliseconds(50))
    #expect(await server.connectionCount == 0)
    await server.listener.setAccepting(true)
    #expect(await client.receive(exactly: 8) == Array("patience".utf8))
    await server.stop()
  }

  @Test func `an address in use is refused with its name`() async throws {
    let server = try await EchoServer()
    let error = #expect(throws: SocketError.self) {
      try Listener(on: server.listener.address, loop: Loop(label: "test")) { _ in }
    }
    #expect(error?.operation == .bind)
    #expect(error?.address == server.listener.address.description)
    await server.stop()
  }

  @Test func `a stale socket file is replaced, a living one is not`() async throws {
    let path = "/tmp/neuroscope-test-\(UInt64.random(in: 0...UInt64.max)).sock"
    let first = try await EchoServer(on: .unix(path: path))
    #expect(throws: SocketError.self) {
      try Listener(on: .unix(path: path), loop: Loop(label: "test")) { _ in }
    }
    await first.abandon()
    let second = try await EchoServer(on: .unix(path: path))
    let client = try #require(second.connect())
    await client.send("again")
    #expect(await client.receive(exactly: 5) == Array("again".utf8))
    await second.stop()
  }

  @Test
  func `a descriptor that the system does not watch is a broken connection, not a silent one`()
    async throws
  {
    // A regular file can never be waited for, so the system refuses it (EPERM).
    let path = "/tmp/neuroscope-test-\(UInt64.random(in: 0...UInt64.max)).file"
    let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    try #require(file >= 0)
    unlink(path)
    let loop = Loop(label: "test")
    let outcome = await withCheckedContinuation { continuation in
      loop.execute {
        let hatch = Kept<Connection>()
        let connection = Connection(
          AcceptedSocket(descriptor: Descriptor(file), remote: .unix(path: "")), loop: loop)
        hatch.value = connection
        connection.open(
          readable: {
            guard let connection = hatch.value else { return }
            hatch.value = nil
            continuation.resume(returning: connection.read { _ in })
            connection.close()
          }, writable: {})
        connection.setReading(true)
      }
    }
    #expect(outcome == .failed(EPERM))
  }

  @Test func `a connection that is let go anywhere frees its descriptor`() async throws {
    let server = try await EchoServer()
    let loop = Loop(label: "test")
    let client = try #require(server.connect())
    await client.send("x")
    _ = await client.receive(exactly: 1)
    var numbers: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &numbers) == 0)
    let (near, far) = (numbers[0], numbers[1])
    await withCheckedContinuation { continuation in
      loop.execute {
        let connection = Connection(
          AcceptedSocket(descriptor: Descriptor(near), remote: .unix(path: "")), loop: loop)
        connection.open(readable: {}, writable: {})
        connection.setReading(true)
        let hatch = Kept<Connection>()
        hatch.value = connection
        Thread.detachNewThread {
          hatch.value = nil
          continuation.resume()
        }
      }
    }
    var byte: UInt8 = 0
    #expect(recv(far, &byte, 1, 0) == 0, "the other end sees the close")
    #expect(try loop.readiness().count == 0)
    close(far)
    await server.stop()
  }
}

/// Carries an object that is not Sendable between closures.
private final class Kept<Value: AnyObject>: @unchecked Sendable {
  // Proof for @unchecked: one closure writes it before the next one, which the first one starts, reads it.
  var value: Value?
}
