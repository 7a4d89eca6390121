@testable import HTTP
import HTTPTypes
import TestKit
import Testing
import Wire

@Suite(.ownThreads) struct TransportFileTests {
  private let file = StaticFile(type: "text/html", bytes: Array("0123456789".utf8))

  private func answer(_ fields: HTTPFields, method: HTTPRequest.Method = .get) -> String {
    let head = RequestHead(
      method: method, target: RequestTarget(raw: "/", segments: []), fields: fields)
    let (status, fields, body) = file.answer(to: head)
    let range = fields[.contentRange].map { " [\($0)]" } ?? ""
    return "\(status.code)\(range) \(String(decoding: body, as: UTF8.self))"
  }

  @Test func `a file is sent whole with its tag`() {
    #expect(answer([:]) == "200 0123456789")
    #expect(file.entityTag.hasPrefix("\"") && file.entityTag.hasSuffix("\""))
    let other = StaticFile(type: "text/html", bytes: Array("0123456788".utf8))
    #expect(other.entityTag != file.entityTag)
  }

  @Test func `a client that has the version is told so`() {
    #expect(answer([.ifNoneMatch: file.entityTag]) == "304 ")
    #expect(answer([.ifNoneMatch: "\"x\", W/\(file.entityTag)"]) == "304 ")
    #expect(answer([.ifNoneMatch: "*"]) == "304 ")
    #expect(answer([.ifNoneMatch: "\"x\""]) == "200 0123456789")
  }

  @Test(arguments: [
    ("bytes=0-3", "206 [bytes 0-3/10] 0123"), ("bytes=8-", "206 [bytes 8-9/10] 89"),
    ("bytes=-3", "206 [bytes 7-9/10] 789"), ("bytes=-99", "206 [bytes 0-9/10] 0123456789"),
    ("bytes=5-99", "206 [bytes 5-9/10] 56789"), ("bytes=10-", "416 [bytes */10] "),
    ("bytes=-0", "416 [bytes */10] "), ("bytes=3-1", "200 0123456789"),
    ("bytes=0-1,4-5", "200 0123456789"), ("lines=0-1", "200 0123456789"),
    ("bytes=", "200 0123456789"), ("bytes=-", "200 0123456789"), ("bytes=a-b", "200 0123456789"),
    ("bytes=0-99999999999999999999", "200 0123456789"),
  ])
  func `ranges are cut, refused or ignored as the standard says`(range: String, expected: String) {
    #expect(answer([.range: range]) == expected)
  }

  @Test func `a range of an old version gives the new one whole`() {
    #expect(answer([.range: "bytes=0-0", .ifRange: "\"old\""]) == "200 0123456789")
    #expect(answer([.range: "bytes=0-0", .ifRange: file.entityTag]) == "206 [bytes 0-0/10] 0")
  }

  @Test func `HEAD ignores ranges`() {
    #expect(answer([.range: "bytes=0-0"], method: .head) == "200 0123456789")
  }
}
