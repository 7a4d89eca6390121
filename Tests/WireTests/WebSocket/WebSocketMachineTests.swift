import TestKit
import Testing

@testable import Wire

@Suite struct WebSocketMachineTests {
  struct Vector: CustomTestStringConvertible, Sendable {
    var name: String
    var frames: [UInt8]
    var transcript: [String]
    var testDescription: String { name }

    init(_ name: String, _ frames: [[UInt8]], _ transcript: [String]) {
      self.name = name
      self.frames = frames.flatMap(\.self)
      self.transcript = transcript
    }
  }

  static func frame(_ first: UInt8, _ text: String) -> [UInt8] {
    ClientFrame.bytes(first, Array(text.utf8))
  }

  static let vectors: [Vector] = [
    Vector(
      "the standard's Hello", [[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]],
      ["text Hello"]),
    Vector("empty messages", [frame(0x81, ""), frame(0x82, "")], ["text ", "binary "]),
    Vector(
      "fragments with a ping between",
      [frame(0x01, "Hel"), frame(0x89, "p"), frame(0x00, ""), frame(0x80, "lo")],
      ["ping 70", "text Hello"]),
    Vector(
      "a character cut by fragments",
      [ClientFrame.bytes(0x01, [0xe2, 0x82]), ClientFrame.bytes(0x80, [0xac])], ["text €"]),
    Vector("pong", [frame(0x8a, "")], ["pong "]),
    Vector("close empty", [frame(0x88, ""), frame(0x81, "x")], ["close - ", "finished"]),
    Vector(
      "close with reason", [ClientFrame.bytes(0x88, [0x03, 0xe8] + Array("bye".utf8))],
      ["close 1000 bye", "finished"]),
    Vector(
      "close inside a message", [frame(0x01, "x"), ClientFrame.bytes(0x88, [0x03, 0xe8])],
      ["close 1000 ", "finished"]),
    Vector("close of one byte", [ClientFrame.bytes(0x88, [0x03])], ["! closePayload 1002"]),
    Vector("close 1005", [ClientFrame.bytes(0x88, [0x03, 0xed])], ["! closeCodeValue 1002"]),
    Vector("close 999", [ClientFrame.bytes(0x88, [0x03, 0xe7])], ["! closeCodeValue 1002"]),
    Vector("close 4999", [ClientFrame.bytes(0x88, [0x13, 0x87])], ["close 4999 ", "finished"]),
    Vector(
      "close reason not text", [ClientFrame.bytes(0x88, [0x03, 0xe8, 0xff])], ["! invalidText 1007"]
    ),
    Vector("unmasked", [[0x81, 0x05]], ["! unmaskedFrame 1002"]),
    Vector("reserved bit", [[0xc1]], ["! reservedBits 1002"]),
    Vector("unknown opcode", [[0x83]], ["! unknownOpcode 1002"]),
    Vector("fragmented ping", [[0x09]], ["! fragmentedControl 1002"]),
    Vector("long ping", [[0x89, 0xfe]], ["! controlTooLong 1002"]),
    Vector("continuation of nothing", [[0x80]], ["! unexpectedContinuation 1002"]),
    Vector("message inside a message", [frame(0x01, "a"), [0x81]], ["! interruptedMessage 1002"]),
    Vector("length not shortest", [[0x82, 0xfe, 0x00, 0x7d]], ["! longLengthForm 1002"]),
    Vector(
      "long length not shortest", [[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff]],
      ["! longLengthForm 1002"]),
    Vector("length past 63 bits", [[0x82, 0xff, 0x80]], ["! hugeLength 1002"]),
    Vector(
      "length over the limit", [[0x82, 0xff, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff]],
      ["! messageTooLarge 1009"]),
    Vector("text not text", [ClientFrame.bytes(0x81, [0x61, 0xff])], ["! invalidText 1007"]),
    Vector("text cut at the end", [ClientFrame.bytes(0x81, [0xe2, 0x82])], ["! invalidText 1007"]),
    Vector("surrogate", [ClientFrame.bytes(0x01, [0xed, 0xa0])], ["! invalidText 1007"]),
    Vector(
      "past the last character", [ClientFrame.bytes(0x01, [0xf4, 0x90])], ["! invalidText 1007"]),
  ]

  @Test(arguments: vectors)
  func `frames are read alike whole, in pieces and byte by byte`(vector: Vector) {
    for piece in [vector.frames.count, 1, 2, 5] {
      #expect(WebSocketTranscript.of(vector.frames, piece: piece) == vector.transcript)
    }
  }

  @Test(arguments: vectors.filter { !$0.transcript.joined().contains("!") })
  func `whole frames are not touched by an unfinished one behind them`(vector: Vector) {
    let lines = WebSocketTranscript.of(vector.frames + [0x81, 0x85, 1, 2], piece: 1000)
    #expect(lines == vector.transcript)
  }

  @Test(arguments: [0, 1, 125, 126, 127, 65_535, 65_536, 100_001])
  func `payloads of every length form arrive unmasked`(count: Int) {
    var generator = SeededGenerator(seed: UInt64(count))
    let payload = generator.bytes(count)
    for piece in [1 << 20, 4099] {
      let lines = WebSocketTranscript.of(ClientFrame.bytes(0x82, payload), piece: piece)
      #expect(lines == ["binary " + hex(payload)])
    }
  }

  @Test func `bad text fails inside its frame, before the frame is complete`() throws {
    var machine = WebSocketMachine()
    machine.receive(Array(ClientFrame.bytes(0x81, [0x61, 0xf4, 0x90, 0x80, 0x80]).prefix(9)))
    #expect(throws: ProtocolViolation(.invalidText, at: 9)) { try machine.next() }
  }

  @Test func `a message over the limit is refused from its header, also as a sum of fragments`() {
    var limits = WebSocketLimits()
    limits.message = 10
    let first = ClientFrame.bytes(0x02, [1, 2, 3, 4, 5, 6])
    #expect(
      WebSocketTranscript.of(first + [0x80, 0x84], piece: 1, limits: limits) == [])
    #expect(
      WebSocketTranscript.of(first + [0x80, 0x85], piece: 1, limits: limits)
        == ["! messageTooLarge 1009"])
    limits.fragments = 3
    let empty = ClientFrame.bytes(0x00, [])
    #expect(
      WebSocketTranscript.of(first + empty + empty + empty, piece: 100, limits: limits)
        == ["! tooManyFragments 1009"])
  }

  @Test func `sixty-five thousand fragments make one message`() {
    var frames = ClientFrame.bytes(0x02, [1])
    for _ in 0..<65_534 { frames += ClientFrame.bytes(0x00, [1]) }
    frames += ClientFrame.bytes(0x80, [1])
    let lines = WebSocketTranscript.of(frames, piece: 65_536)
    #expect(lines == ["binary " + String(repeating: "01", count: 65_536)])
  }

  @Test func `an end without a close frame is the end`() {
    #expect(WebSocketTranscript.of([0x81], piece: 1, ended: true) == ["finished"])
  }

  @Test func `random frames never trap and are read alike in any pieces`() {
    var generator = SeededGenerator(seed: 31)
    let deflate = PermessageDeflate(offers: ["permessage-deflate"])
    for _ in 0..<2000 {
      var bytes = Self.vectors.randomElement(using: &generator)?.frames ?? []
      for _ in 0..<3 where !bytes.isEmpty {
        let place = Int.random(in: 0..<min(bytes.count, 12), using: &generator)
        bytes[place] = UInt8.random(in: 0...255, using: &generator)
      }
      let whole = WebSocketTranscript.of(bytes, piece: 1000, deflate: deflate, ended: true)
      #expect(WebSocketTranscript.of(bytes, piece: 1, deflate: deflate, ended: true) == whole)
    }
  }
}

@Suite struct WebSocketDeflateTests {
  let deflate = PermessageDeflate(offers: ["permessage-deflate"])

  @Test func `compressed messages are inflated, fragmented ones too`() throws {
    let payload = try #require(bytes(hex: "f248cdc9c90700"))
    let whole = ClientFrame.bytes(0xc1, payload)
    let parts =
      ClientFrame.bytes(0x41, Array(payload.prefix(3)))
      + ClientFrame.bytes(0x80, Array(payload.dropFirst(3)))
    for piece in [1, 100] {
      #expect(
        WebSocketTranscript.of(whole + parts + whole, piece: piece, deflate: deflate)
          == ["text Hello", "text Hello", "text Hello"])
    }
  }

  @Test func `a bomb is refused at the message limit`() throws {
    let compressor = try #require(WebSocketCompressor())
    let bomb = try #require(compressor.compress([UInt8](repeating: 97, count: 1 << 20)))
    var limits = WebSocketLimits()
    limits.message = 100_000
    #expect(
      WebSocketTranscript.of(
        ClientFrame.bytes(0xc1, bomb), piece: 1 << 20, limits: limits, deflate: deflate)
        == ["! messageTooLarge 1009"])
  }

  @Test func `what does not inflate, or inflates to no text, is refused`() {
    #expect(
      WebSocketTranscript.of(ClientFrame.bytes(0xc2, [0xff, 0xff]), piece: 9, deflate: deflate)
        == ["! compression 1007"])
    #expect(
      WebSocketTranscript.of(
        ClientFrame.bytes(0xc1, [0x00, 0x01, 0x00, 0xfe, 0xff, 0xff, 0x00]), piece: 9,
        deflate: deflate) == ["! invalidText 1007"])
  }

  @Test func `control frames and continuations never say that they are compressed`() {
    #expect(
      WebSocketTranscript.of([0xc9], piece: 1, deflate: deflate) == ["! compressedControl 1002"])
    #expect(
      WebSocketTranscript.of(ClientFrame.bytes(0x01, []) + [0xc0], piece: 1, deflate: deflate)
        == ["! reservedBits 1002"])
  }

  @Test(arguments: [8, 9, 12, 15])
  func `what the compressor makes, the machine reads`(window: Int) throws {
    let compressor = try #require(WebSocketCompressor(windowBits: window))
    let text = (0..<400).map { "{\"token\":\($0)}" }.joined()
    let payload = try #require(compressor.compress(Array(text.utf8)))
    #expect(payload.count < text.utf8.count / 2)
    #expect(
      WebSocketTranscript.of(ClientFrame.bytes(0xc1, payload), piece: 100, deflate: deflate)
        == ["text " + text])
    #expect(compressor.compress([1, 2, 3]) == nil)
  }

  static let offers: [(String, String?)] = [
    ("permessage-deflate", ""), ("permessage-deflate; client_max_window_bits", ""),
    ("permessage-deflate;client_max_window_bits=10; client_no_context_takeover", ""),
    ("permessage-deflate; server_max_window_bits=9", "; server_max_window_bits=9"),
    ("permessage-deflate; server_max_window_bits=\"8\"", "; server_max_window_bits=8"),
    ("permessage-deflate; server_max_window_bits=99, permessage-deflate", ""),
    ("x-webkit-deflate-frame, permessage-deflate; server_no_context_takeover", ""),
    ("permessage-deflate; server_max_window_bits=99", nil),
    ("permessage-deflate; server_max_window_bits", nil),
    ("permessage-deflate; server_max_window_bits=010", nil),
    ("permessage-deflate; server_no_context_takeover=1", nil),
    ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", nil),
    ("permessage-deflate; mystery", nil), ("permessage-deflate;", nil), ("", nil), ("other", nil),
  ]

  @Test(arguments: offers)
  func `an offer is accepted or declined as the standard has it`(offer: String, added: String?) {
    let expected = added.map {
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover" + $0
    }
    #expect(PermessageDeflate(offers: [offer])?.responseValue == expected)
  }
}

@Suite struct WebSocketFrameTests {
  @Test func `envelopes use the shortest length form`() {
    #expect(WebSocketFrame.envelope(.text, count: 125) == [0x81, 125])
    #expect(WebSocketFrame.envelope(.binary, count: 126) == [0x82, 126, 0, 126])
    #expect(WebSocketFrame.envelope(.binary, count: 65_535) == [0x82, 126, 255, 255])
    #expect(
      WebSocketFrame.envelope(.text, count: 65_536, isFinal: false, isCompressed: true)
        == [0x41, 127, 0, 0, 0, 0, 0, 1, 0, 0])
  }

  @Test func `a close reason is cut at a character to what a control frame holds`() {
    let frame = WebSocketFrame.close(.goingAway, reason: String(repeating: "€", count: 50))
    #expect(frame.count == 2 + 2 + 123)
    #expect(frame.prefix(4) == [0x88, 125, 0x03, 0xe9])
    #expect(WebSocketFrame.close(nil) == [0x88, 0])
  }

  @Test func `pings and pongs carry at most 125 bytes`() {
    #expect(WebSocketFrame.ping() == [0x89, 0])
    #expect(WebSocketFrame.pong([UInt8](repeating: 1, count: 200)).count == 127)
  }
}
