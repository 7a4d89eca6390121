import Testing

@testable import Wire

@Suite struct SSEEncoderTests {
  func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func `an event has its fields in order and ends with an empty line`() {
    #expect(
      text(SSEEncoder.event("token", id: "e-1", retry: 1000, data: "{}"))
        == "event: token\nid: e-1\nretry: 1000\ndata: {}\n\n")
  }

  @Test func `line breaks of every kind in data become lines of data`() {
    #expect(
      text(SSEEncoder.event(data: "a\nb\r\nc\rd\n"))
        == "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n")
  }

  @Test func `names and ids cannot break out of their line`() {
    #expect(
      text(SSEEncoder.event("a\nid: 9", id: "1\0\r\n2", data: ""))
        == "event: aid: 9\nid: 12\ndata: \n\n")
  }

  @Test func `an event is added to what is there`() {
    var bytes = SSEEncoder.comment()
    SSEEncoder.append("activation", id: "1", to: &bytes) { $0 += "{}".utf8 }
    SSEEncoder.append(to: &bytes) { $0 += "[]".utf8 }
    #expect(text(bytes) == ": \n\nevent: activation\nid: 1\ndata: {}\n\ndata: []\n\n")
  }

  @Test func `comments and the end mark`() {
    #expect(text(SSEEncoder.comment("hi\nyou")) == ": hi\n: you\n\n")
    #expect(text(SSEEncoder.comment()) == ": \n\n")
    #expect(text(SSEEncoder.done) == "data: [DONE]\n\n")
  }
}
