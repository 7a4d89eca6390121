import TLS
import TLSKit
import TestKit
import Testing

/// What is said once hands are shaken, and how it ends.
@Suite struct TLSConversationTests {
  private let settings: TLSSettings

  init() throws { settings = try TestIdentity().settings() }

  private func pair(
    _ version: TLSTestClient.Version = .v1_3, step: Int = .max
  ) throws -> TLSPair {
    let pair = try TLSPair(settings, try TLSTestClient(version...version), step: step)
    pair.settle()
    try #require(pair.isEstablished)
    return pair
  }

  static let versions = [TLSTestClient.Version.v1_2, .v1_3]

  @Test(arguments: versions)
  func `pieces that belong together share a record`(version: TLSTestClient.Version) throws {
    let pair = try pair(version)
    let sealed = try pair.seal([[1, 2], Array(repeating: 3, count: 900), [], [4]])
    #expect(recordLengths(sealed)?.count == 1)
    #expect(sealed.count < 903 + 40)
    pair.giveClient(sealed)
    #expect(pair.heardByClient == [1, 2] + Array(repeating: 3, count: 900) + [4])
  }

  @Test(arguments: versions)
  func `what is large travels in full records, and arrives as it was`(
    version: TLSTestClient.Version
  ) throws {
    let pair = try pair(version)
    var random = SeededGenerator(seed: 3)
    let parcel = [random.bytes(100), random.bytes(1_000_000), random.bytes(16_384), [7]]
    let sealed = try pair.seal(parcel)
    let lengths = try #require(recordLengths(sealed))
    #expect(lengths.count == (parcel.joined().count + 16_383) / 16_384)
    #expect(lengths.allSatisfy { $0 <= 16_384 + 256 })
    pair.giveClient(sealed)
    #expect(pair.heardByClient == Array(parcel.joined()))
    #expect(try pair.seal([]).isEmpty)
    #expect(try pair.seal([[], []]).isEmpty)
  }

  @Test func `a peer's large message is lent record by record`() throws {
    let pair = try pair()
    var random = SeededGenerator(seed: 4)
    let message = random.bytes(300_000)
    pair.client.write(message)
    var lent: [Int] = []
    let records = pair.client.takeOutput()
    records.withUnsafeBytes { pair.machine.receive($0) }
    var heard: [UInt8] = []
    let progress = try pair.machine.open {
      lent.append($0.count)
      heard += Array($0)
    }
    #expect(progress == .waiting)
    #expect(heard == message)
    #expect(lent.allSatisfy { (1...16_384).contains($0) })
  }

  @Test func `a record that is not whole says nothing`() throws {
    let pair = try pair()
    pair.client.write(Array("secret".utf8))
    let record = pair.client.takeOutput()
    for byte in record.dropLast() {
      pair.giveServer([byte])
      #expect(pair.heardByServer.isEmpty)
      #expect(pair.violation == nil)
    }
    pair.giveServer(record.suffix(1))
    #expect(pair.heardByServer == Array("secret".utf8))
  }

  @Test(arguments: versions)
  func `a changed byte anywhere in a record ends the conversation, and the peer is told`(
    version: TLSTestClient.Version
  ) throws {
    for place in 0..<40 {
      let pair = try pair(version)
      pair.client.write(Array(repeating: 0x61, count: 30))
      var record = pair.client.takeOutput()
      guard record.indices.contains(place) else { continue }
      record[place] ^= 0x40
      pair.giveServer(record + Array(repeating: 0, count: 70_000))
      #expect(pair.heardByServer.isEmpty, "byte \(place)")
      #expect(pair.violation != nil, "byte \(place)")
      #expect(!pair.isServerEstablished)
      #expect(throws: TLSViolation.self) { try pair.seal([[1]]) }
      pair.giveClient(pair.takeOutput())
      guard case .failed? = pair.clientEnd else {
        Issue.record("byte \(place): \(pair.clientEnd as Any)")
        continue
      }
    }
  }

  @Test(arguments: versions)
  func `a record that announces too much is refused before it comes`(
    version: TLSTestClient.Version
  ) throws {
    let pair = try pair(version)
    pair.giveServer([0x17, 3, 3, 0xff, 0xff])
    #expect(pair.violation != nil)
  }

  @Test(arguments: versions)
  func `close_notify is told apart from silence, and we may still answer`(
    version: TLSTestClient.Version
  ) throws {
    let pair = try pair(version)
    pair.client.write(Array("last".utf8))
    pair.client.finish()
    pair.giveServer(pair.client.takeOutput())
    #expect(pair.heardByServer == Array("last".utf8))
    #expect(pair.progress == .closed)
    pair.giveClient(try pair.seal([Array("answer".utf8)]))
    pair.finish()
    pair.giveClient(pair.takeOutput())
    #expect(pair.heardByClient == Array("answer".utf8))
    #expect(pair.clientEnd == .closed)
  }

  @Test func `our close_notify is said once, and nothing after it`() throws {
    let pair = try pair()
    pair.finish()
    let farewell = pair.takeOutput()
    #expect(recordLengths(farewell)?.count == 1)
    pair.finish()
    #expect(pair.takeOutput().isEmpty)
    #expect(throws: TLSViolation.self) { try pair.seal([[1]]) }
    pair.giveClient(farewell)
    #expect(pair.clientEnd == .closed)
    // What the peer still says is heard.
    pair.client.write([5])
    pair.settle()
    #expect(pair.heardByServer == [5])
  }

  @Test func `another handshake is refused, and the conversation goes on`() throws {
    let pair = try pair(.v1_2)
    pair.client.renegotiate()
    pair.giveServer(pair.client.takeOutput())
    #expect(pair.violation == nil)
    // A warning (RFC 5246, section 7.2.2), and no handshake.
    #expect(recordLengths(pair.takeOutput())?.count == 1)
    #expect(pair.isServerEstablished)
  }

  @Test func `keys may be changed, and what that costs stays small`() throws {
    let pair = try pair()
    var answered = 0
    for number in 0..<200 where pair.violation == nil {
      #expect(pair.client.updateKey())
      pair.client.write([UInt8(number)])
      pair.giveServer(pair.client.takeOutput())
      let output = pair.takeOutput()
      answered += output.count
      pair.giveClient(output)
    }
    #expect(pair.violation == nil)
    #expect(pair.heardByServer.count == 200)
    #expect(answered < 200 * 64)
    pair.giveClient(try pair.seal([[9]]))
    #expect(pair.heardByClient == [9])
  }

  @Test func `a conversation that has failed stays so, whatever arrives`() throws {
    let pair = try pair()
    pair.giveServer([0x17, 3, 3, 0, 1, 0])
    let first = pair.violation
    #expect(first != nil)
    pair.violation = nil
    pair.client.write([1])
    pair.giveServer(pair.client.takeOutput())
    #expect(pair.violation != nil)
    #expect(pair.heardByServer.isEmpty)
  }
}
