import HTTPTypes
import Testing

@testable import Wire

@Suite struct HTTPResponseTests {
  static let date = HTTPDate(secondsSince1970: 784_111_777)

  /// A machine that has read one request.
  func machine(_ request: String, ended: Bool = true) throws -> HTTPServerMachine {
    var machine = HTTPServerMachine()
    machine.receive(HTTPVector.unescape(request))
    var event = try machine.next()
    while event != .paused && event != .needMore { event = try machine.next() }
    return machine
  }

  /// Everything written for one answer.
  func answer(
    _ machine: inout HTTPServerMachine, _ body: ResponseBody, _ pieces: [String] = [],
    status: HTTPResponse.Status = .ok, fields: HTTPFields = [:], trailers: HTTPFields = [:]
  ) throws -> String {
    var bytes = try machine.respond(
      with: HTTPResponse(status: status, headerFields: fields), body: body, date: Self.date)
    for piece in pieces {
      if let envelope = try machine.envelope(for: piece.utf8.count) {
        bytes += envelope.prefix + Array(piece.utf8) + envelope.suffix
      }
    }
    bytes += try machine.finishResponse(trailers: trailers)
    return String(decoding: bytes, as: UTF8.self)
  }

  let get = #"GET / HTTP/1.1\r\n\H\r\n"#
  let dated = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

  @Test func `a body of known length`() throws {
    var machine = try machine(get)
    let text = try answer(
      &machine, .length(5), ["he", "llo"],
      fields: [.contentType: "text/plain", .contentLength: "9", .connection: "x"])
    #expect(
      text
        == "HTTP/1.1 200 OK\r\n\(dated)Content-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello")
    #expect(!machine.mustClose)
    #expect(try machine.next() == .needMore)
    #expect(machine.phase == .idle)
  }

  @Test func `a stream goes out in chunks with trailers`() throws {
    var machine = try machine(get)
    let text = try answer(
      &machine, .stream, ["hello", "", "0123456789abcdef"], trailers: [.eTag: "x"])
    #expect(
      text == "HTTP/1.1 200 OK\r\n\(dated)Transfer-Encoding: chunked\r\n\r\n"
        + "5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nETag: x\r\n\r\n")
  }

  @Test func `a stream to an old peer ends with the connection`() throws {
    var machine = try machine(#"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"#)
    #expect(
      try answer(&machine, .stream, ["hello"])
        == "HTTP/1.1 200 OK\r\n\(dated)Connection: close\r\n\r\nhello")
    #expect(machine.mustClose)
    #expect(try machine.next() == .finished)
  }

  @Test func `an old peer is told that its connection is kept`() throws {
    var machine = try machine(#"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"#)
    #expect(
      try answer(&machine, .none)
        == "HTTP/1.1 200 OK\r\n\(dated)Content-Length: 0\r\nConnection: keep-alive\r\n\r\n")
    #expect(!machine.mustClose)
  }

  @Test func `the answer to HEAD has the fields and not the body`() throws {
    var machine = try machine(#"HEAD / HTTP/1.1\r\n\H\r\n"#)
    #expect(
      try answer(&machine, .length(5), ["hello"])
        == "HTTP/1.1 200 OK\r\n\(dated)Content-Length: 5\r\n\r\n")
  }

  @Test(arguments: [204, 304])
  func `statuses without a body have none and do not frame one`(code: Int) throws {
    var machine = try machine(get)
    let text = try answer(
      &machine, .length(5), ["hello"], status: HTTPResponse.Status(code: code))
    #expect(text == "HTTP/1.1 \(code) \r\n\(dated)\r\n")
  }

  @Test func `a violation is answered and the connection closed`() throws {
    var machine = HTTPServerMachine()
    machine.receive(Array("nonsense\r\n".utf8))
    let violation = #expect(throws: ProtocolViolation.self) { try machine.next() }
    let text = try answer(&machine, .none, status: #require(violation).status)
    #expect(
      text == "HTTP/1.1 400 Bad Request\r\n\(dated)Content-Length: 0\r\nConnection: close\r\n\r\n")
    #expect(machine.mustClose)
    #expect(machine.phase == .finished)
  }

  @Test func `a peer that waits is invited once, and only before its body comes`() throws {
    let request = #"POST / HTTP/1.1\r\n\HExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"#
    var waiting = try machine(request)
    #expect(
      waiting.continueRequest().map { String(decoding: $0, as: UTF8.self) }
        == "HTTP/1.1 100 Continue\r\n\r\n")
    #expect(waiting.continueRequest() == nil)
    var hasty = try machine(request + "a")
    #expect(hasty.continueRequest() == nil)
    var refused = try machine(request)
    #expect(try answer(&refused, .none, status: .contentTooLarge).contains("Connection: close"))
    #expect(refused.mustClose)
  }

  @Test func `an answer before the body has come keeps the connection once it has`() throws {
    var machine = try machine(#"POST / HTTP/1.1\r\n\HContent-Length: 4\r\n\r\nab"#)
    _ = try answer(&machine, .none, status: .notFound)
    #expect(!machine.mustClose)
    #expect(try machine.next() == .needMore)
    machine.receive(Array("cdGET /2 HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
    #expect(try machine.next() == .body(Array("cd".utf8)))
    #expect(try machine.next() == .end(trailers: [:]))
    guard case .head(let head) = try machine.next() else {
      Issue.record("no second request")
      return
    }
    #expect(head.target.segments == ["2"])
  }

  @Test func `after an upgrade the rest belongs to the next protocol`() throws {
    var machine = try machine(#"GET / HTTP/1.1\r\n\HConnection: upgrade\r\nUpgrade: x\r\n\r\nabc"#)
    let bytes = try machine.switchProtocols(fields: [.upgrade: "x"], date: Self.date)
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == "HTTP/1.1 101 Switching Protocols\r\n\(dated)Connection: Upgrade\r\nUpgrade: x\r\n\r\n")
    #expect(machine.phase == .upgraded)
    #expect(machine.takeLeftover() == Array("abc".utf8))
    #expect(throws: ResponseMisuse.notAnswering) { try answer(&machine, .none) }
  }

  @Test func `our own mistakes are named`() throws {
    var idle = HTTPServerMachine()
    #expect(throws: ResponseMisuse.notAnswering) { try answer(&idle, .none) }
    #expect(throws: ResponseMisuse.headMissing) { try idle.envelope(for: 1) }
    var machine = try machine(get)
    #expect(throws: ResponseMisuse.status(100)) { try answer(&machine, .none, status: .continue) }
    #expect(throws: ResponseMisuse.length(promised: 2, written: 3)) {
      try answer(&machine, .length(2), ["abc"])
    }
    #expect(throws: ResponseMisuse.length(promised: 2, written: 0)) { try machine.finishResponse() }
    #expect(machine.mustClose)
    #expect(throws: ResponseMisuse.notAnswering) { try answer(&machine, .none) }
  }

  @Test(arguments: [
    (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
    (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
    (Int.min, "Mon, 01 Jan 0001 00:00:00 GMT"), (Int.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
  ])
  func `dates are written as the standard fixes them`(seconds: Int, text: String) {
    #expect(HTTPDate(secondsSince1970: seconds).text == text)
  }
}
