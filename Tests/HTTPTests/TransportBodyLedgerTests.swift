import Compression
import HTTPTypes
import StreamKit
import TestKit
import Testing

@testable import HTTP
@testable import Loops

/// What bodies of all connections may take in memory.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct TransportBodyLedgerTests {
  private static let me = ClientKey("me")

  @Test(arguments: 1...10) func `any history of bodies ends with nothing counted`(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    let ledger = BodyLedger(limit: 1000)
    var charges: [(charge: BodyCharge, client: Int, bytes: Int)] = []
    for _ in 0..<500 {
      if charges.isEmpty || Bool.random(using: &chance) {
        let client = Int.random(in: 0..<3, using: &chance)
        charges.append((BodyCharge(ledger, of: ClientKey("\(client)")), client, 0))
      }
      let index = Int.random(in: 0..<charges.count, using: &chance)
      let bytes = Int.random(in: 0...400, using: &chance)
      let own = charges.filter { $0.client == charges[index].client }.reduce(0) { $0 + $1.bytes }
      let all = charges.reduce(0) { $0 + $1.bytes }
      switch Int.random(in: 0..<4, using: &chance) {
      case 0: charges.remove(at: index)
      case 1:
        charges[index].charge.shrink(to: bytes)
        charges[index].bytes = min(charges[index].bytes, bytes)
      default:
        let fits = own + bytes <= 750 && all + bytes <= 1000
        #expect(charges[index].charge.grow(by: bytes) == fits)
        if fits { charges[index].bytes += bytes }
      }
      #expect(ledger.byteCount == charges.reduce(0) { $0 + $1.bytes })
    }
    charges.removeAll()
    #expect(ledger.byteCount == 0)
  }

  @Test func `a body that has no room is refused while it arrives, and others have theirs`()
    async throws
  {
    let kit = try await TransportKit([TransportKit.echo]) { $0.bodies = 1 << 20 }
    let body = [UInt8](repeating: 0x61, count: 900_000)
    let refused = try await kit.exchange(
      "POST /echo", ["Content-Length: \(body.count)"], body: body)
    #expect(refused.status.contains("503"))
    #expect(refused["retry-after"] == "1")
    #expect(refused.text.contains("bodies_full"))
    let small = [UInt8](repeating: 0x61, count: 700_000)
    let taken = try await kit.exchange(
      "POST /echo", ["Content-Length: \(small.count)"], body: small)
    #expect(taken.status.contains("200"))
    #expect(await eventually { kit.server.bodyByteCount == 0 })
  }

  @Test func `what a packed body may become is counted before it is unpacked`() async throws {
    let kit = try await TransportKit([TransportKit.echo]) { $0.bodies = 4 << 20 }
    let deflater = try Deflater(DeflateSettings(.gzip))
    let bomb = try deflater.compress([UInt8](repeating: 0x20, count: 8 << 20))
    let fields = ["Content-Encoding: gzip", "Content-Length: \(bomb.count)"]
    let refused = try await kit.exchange("POST /echo", fields, body: bomb)
    #expect(refused.status.contains("503"))
    let text = [UInt8](repeating: 0x62, count: 1000)
    let packed = try Deflater(DeflateSettings(.gzip)).compress(text)
    let taken = try await kit.exchange(
      "POST /echo", ["Content-Encoding: gzip", "Content-Length: \(packed.count)"], body: packed)
    #expect(taken.status.contains("200"))
    #expect(taken.body == text)
    #expect(await eventually { kit.server.bodyByteCount == 0 })
  }
}
