import JSON
import TestKit
import Testing

@testable import API

@Suite(.ownThreads) struct `Capabilities` {
  @Test func `name what requests may say`() async throws {
    let kit = try await ServerKit.shared()
    let told = try await kit.json("GET", "/v1/capabilities")
    func names(_ member: String) -> [String] { told[member]?.array?.compactMap(\.string) ?? [] }
    #expect(names("run_controls") == RunCommands.all.map { $0.name })
    #expect(names("dtypes") == ["f32", "f16", "bf16", "i8"])
    #expect(!names("codecs").isEmpty)
    for dtype in names("dtypes") {
      for codec in names("codecs") {
        let run = try await kit.start(
          #"{"tokens":[5],"max_tokens":1,"frames":{"dtype":"\#(dtype)","codec":"\#(codec)"}}"#)
        #expect(try await kit.events(run).contains { $0.type == "run.finished" })
      }
    }
  }
}
