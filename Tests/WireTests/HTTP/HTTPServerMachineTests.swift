import HTTPTypes
import TestKit
import Testing

@testable import Wire

@Suite struct HTTPServerMachineTests {
  @Test(arguments: HTTPVector.all)
  func `requests are read alike whole, in pieces and byte by byte`(vector: HTTPVector) {
    for piece in [vector.bytes.count, 1, 2, 3, 7] {
      #expect(HTTPTranscript.of(vector.bytes, piece: piece) == vector.transcript, "\(piece)")
    }
  }

  @Test(arguments: HTTPVector.all.filter { !$0.transcript.joined().contains("!") })
  func `a whole request is not touched by what follows it`(vector: HTTPVector) throws {
    guard vector.transcript.last != "finished" else { return }
    var transcript = HTTPTranscript()
    transcript.feed(vector.bytes)
    #expect(transcript.machine.phase == .idle)
    transcript.feed(Array("GET /tail HTTP/1.1\r\nHo".utf8))
    #expect(transcript.lines == vector.transcript)
    #expect(transcript.machine.phase == .head)
    transcript.feed(Array("st: h\r\n\r\n".utf8))
    #expect(transcript.lines == vector.transcript + ["GET /tail", "end"])
  }

  @Test func `an end between requests is clean and inside one is not`() {
    let request = HTTPVector.unescape(#"POST / HTTP/1.1\r\n\HContent-Length: 2\r\n\r\nab"#)
    for count in 0...request.count {
      let lines = HTTPTranscript.of(Array(request.prefix(count)), piece: 100, ended: true)
      switch count {
      case 0: #expect(lines == ["finished"])
      case request.count: #expect(lines == ["POST /", "body ab", "end", "finished"])
      default: #expect(lines.last == "! truncatedMessage 400")
      }
    }
  }

  @Test func `a violation says where it stands and is thrown again`() throws {
    var machine = HTTPServerMachine()
    machine.receive(Array("GET / HTTP/1.1\r\nHost: h\r\nX: a\u{1}".utf8))
    let expected = ProtocolViolation(.controlCharacter, at: 29)
    #expect(throws: expected) { try machine.next() }
    machine.receive(Array("more".utf8))
    #expect(throws: expected) { try machine.next() }
    #expect(!machine.wantsBytes)
  }

  @Test func `random requests never trap and are read alike in any pieces`() {
    var generator = SeededGenerator(seed: 21)
    let seeds = HTTPVector.all.map(\.bytes)
    let spice: [UInt8] = [0, 9, 10, 13, 32, 34, 37, 44, 48, 58, 59, 65, 127, 128, 255]
    for _ in 0..<1500 {
      var bytes = seeds.randomElement(using: &generator) ?? []
      for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        let value = spice.randomElement(using: &generator) ?? 0
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[place] = value
        case 1: bytes.insert(value, at: place)
        default: bytes.remove(at: place)
        }
      }
      let whole = HTTPTranscript.of(bytes, piece: max(1, bytes.count), ended: true)
      for piece in [1, 5] {
        #expect(HTTPTranscript.of(bytes, piece: piece, ended: true) == whole)
      }
    }
  }
}

@Suite struct HTTPLimitTests {
  func lines(_ bytes: [UInt8], _ change: (inout HTTPLimits) -> Void = { _ in }) -> [String] {
    var limits = HTTPLimits()
    change(&limits)
    return HTTPTranscript.of(bytes, piece: 997, limits: limits)
  }

  func repeated(_ text: String, _ count: Int) -> [UInt8] {
    Array(String(repeating: text, count: count).utf8)
  }

  @Test func `a request line without end stops at its limit`() {
    #expect(lines(Array("GET /".utf8) + repeated("a", 9000)) == ["! requestLineTooLong 414"])
    #expect(lines(repeated("A", 65_536)) == ["! requestLineTooLong 414"])
    let long = "GET /" + String(repeating: "a", count: 8178) + " HTTP/1.1\r\nHost: h\r\n\r\n"
    #expect(lines(Array(long.utf8)).last == "end")
  }

  @Test func `a header section without end stops at its limit`() {
    let start = Array("GET / HTTP/1.1\r\nHost: h\r\n".utf8)
    #expect(lines(start + Array("X: ".utf8) + repeated("v", 40_000)).last?.hasSuffix("431") == true)
    #expect(lines(start + repeated("A: b\r\n", 101)) == ["! tooManyFields 431"])
    let wide = "A: " + String(repeating: "b", count: 1000) + "\r\n"
    #expect(lines(start + repeated(wide, 40)) == ["! fieldSectionTooLarge 431"])
    #expect(lines(start + repeated("A: b\r\n", 99) + [13, 10]) == ["GET /", "end"])
  }

  @Test func `chunks stop at the body's limit, extensions and trailers at theirs`() {
    let start = Array("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
    let tiny = repeated("1\r\nx\r\n", 20)
    #expect(lines(start + tiny) { $0.body = 10 }.last == "! bodyTooLarge 413")
    #expect(lines(start + tiny + Array("0\r\n\r\n".utf8)) { $0.body = 20 }.last == "end")
    #expect(lines(start + repeated("0", 1000)).last == "! chunkExtension 400")
    let extended = "1;" + String(repeating: "e", count: 200) + "\r\nx\r\n"
    #expect(lines(start + repeated(extended, 100)).last == "! chunkExtension 400")
    #expect(
      lines(start + Array("0\r\n".utf8) + repeated("X: v\r\n", 200)).last == "! tooManyFields 431")
  }

  @Test func `pipelined requests beyond the backlog are left with the sender`() throws {
    var machine = HTTPServerMachine()
    machine.receive(Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
    while try machine.next() != .paused {}
    #expect(machine.wantsBytes)
    machine.receive([UInt8](repeating: 65, count: 64 << 10))
    #expect(!machine.wantsBytes)
    #expect(try machine.next() == .paused)
  }
}
