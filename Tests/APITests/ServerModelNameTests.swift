import JSON
import TestKit
import Testing

@Suite(.timeLimit(.minutes(5))) struct `A model's name` {
  private func load(_ name: String) async throws -> TestResponse {
    let kit = try await ServerKit.shared()
    return try await kit.send(
      "POST", "/v1/models/load", #"{"model_path":"/there/is/no/such/model","model_id":"\#(name)"}"#)
  }

  @Test(arguments: [
    "", "../../x", "a/../b", ".", "..", "/a", "a/", "a//b", #"a\nb"#, #"a\u0000b"#, #"\u001b[31m"#,
    "a b", "naïve", #"\u202eab"#, String(repeating: "x", count: 129),
    String(repeating: "x", count: 100_000), String(repeating: #"\u0001"#, count: 5000),
  ])
  func `is refused where it is not plain`(name: String) async throws {
    let response = try await load(name)
    #expect(response.code == 400)
    let json = try response.json
    #expect(json["code"]?.string == "out_of_range")
    #expect(json["error"]?.string?.hasPrefix("model_id must be 1 to 128 letters") == true)
    #expect(response.body.count < 4000)
  }

  @Test(arguments: [
    "a", "Qwen/Qwen3-0.6B", "m.Q4_1", "x@main:2+3", "..a", String(repeating: "x", count: 128),
  ])
  func `may be any plain one`(name: String) async throws {
    let response = try await load(name)
    #expect(try response.json["code"]?.string != "out_of_range")
  }
}
