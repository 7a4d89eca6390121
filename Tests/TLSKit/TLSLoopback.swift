package import TestKit

/// A TLS client over a socket, for tests of servers.
package struct TLSLoopback: Sendable {
  package let client: LoopbackClient
  package let tls: TLSTestClient

  /// Shakes hands; whether that succeeds, `tls` tells.
  package init(_ client: LoopbackClient, _ tls: TLSTestClient) async {
    self.client = client
    self.tls = tls
    while !tls.isEstablished {
      guard case .wait = tls.read() else { break }
      await client.send(tls.takeOutput())
      guard !tls.isEstablished else { return }
      guard let bytes = await client.receive(), !bytes.isEmpty else { return }
      tls.receive(bytes)
    }
    await client.send(tls.takeOutput())
  }

  package func send(_ bytes: [UInt8]) async {
    tls.write(bytes)
    await client.send(tls.takeOutput())
  }

  package func send(_ text: String) async { await send(Array(text.utf8)) }

  /// What comes next; nil where the wire ends or breaks before.
  package func next() async -> TLSTestClient.Reading? {
    while true {
      let reading = tls.read()
      guard reading == .wait else { return reading }
      await client.send(tls.takeOutput())
      guard let bytes = await client.receive(), !bytes.isEmpty else { return nil }
      tls.receive(bytes)
    }
  }

  /// Everything that the server says, and how it ended.
  package func receiveAll() async -> (said: [UInt8], end: TLSTestClient.Reading?) {
    var said: [UInt8] = []
    while true {
      let reading = await next()
      guard case .bytes(let bytes) = reading else { return (said, reading) }
      said += bytes
    }
  }

  /// What the server says up to and with a text, or as much as there is.
  package func receive(through end: String) async -> String {
    var said: [UInt8] = []
    let end = Array(end.utf8)
    while !said.contains(end), case .bytes(let bytes)? = await next() { said += bytes }
    return String(decoding: said, as: UTF8.self)
  }
}

extension [UInt8] {
  fileprivate func contains(_ other: [UInt8]) -> Bool {
    indices.contains { self[$0...].starts(with: other) }
  }
}
