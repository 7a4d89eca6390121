import Foundation
import JSON
import StreamKit
import TestKit
import Testing

@testable import API

/// Texts that begin with the token that the tokenizer puts before every text, at every door that reads texts.
///
/// A prompt gets one, whoever writes it; `/v1/tokenize` gives both, as the original libraries do, and says so.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerBeginTests {
  private static let begin = "<|endoftext|>"

  /// The bundled model with a tokenizer that begins every text, and a template that begins every conversation.
  private static func withModel<Result>(
    _ body: (ServerKit) async throws -> Result
  ) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("neuroscope-\(UUID().uuidString)")
    try FileManager.default.copyItem(atPath: TestModels.bundled, toPath: folder.path)
    defer { try? FileManager.default.removeItem(at: folder) }
    try replace(
      "\"post_processor\": null", in: folder.appendingPathComponent("tokenizer.json"),
      with: """
        "post_processor": {"type": "TemplateProcessing",
          "single": [{"SpecialToken": {"id": "\(begin)", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}}], "pair": [],
          "special_tokens": {"\(begin)": {"id": "\(begin)", "ids": [0], "tokens": ["\(begin)"]}}}
        """)
    let configuration = folder.appendingPathComponent("tokenizer_config.json")
    try replace("\"bos_token\": null", in: configuration, with: "\"bos_token\": \"\(begin)\"")
    try replace(
      "{% for message in messages %}", in: configuration,
      with: "{{ bos_token }}{% for message in messages %}")
    let kit = try await ServerKit(loadsModel: false)
    let loaded = try await kit.send(
      "POST", "/v1/models/load", #"{"model_path": "\#(folder.path)", "model_id": "begins"}"#)
    try #require(loaded.code == 200, "\(loaded.text)")
    return try await body(kit)
  }

  private static func replace(_ text: String, in file: URL, with other: String) throws {
    let old = try String(contentsOf: file, encoding: .utf8)
    let spaced = old.contains(text) ? text : text.replacing(": ", with: ":")
    try #require(old.contains(spaced), "\(file.lastPathComponent) has no \(text)")
    try old.replacing(spaced, with: other).write(to: file, atomically: true, encoding: .utf8)
  }

  private static let doors: [(path: String, body: @Sendable (String) -> JSONValue)] = [
    (
      "/v1/completions",
      { ["prompt": .string($0), "echo": true, "logprobs": 1, "max_tokens": 2, "temperature": 0] }
    ),
    ("/v1/score", { ["texts": [.string($0), "x"]] }),
    ("/v1/score", { ["prompt": .string($0), "texts": [" and more", [5, 6]]] }),
    ("/v1/embeddings", { ["input": .string($0)] }),
    (
      "/v1/analyses",
      {
        [
          "analysis": "ablation", "component": "mlp_out", "clean": .string($0), "answer": 5,
          "wrong": 6,
        ]
      }
    ),
  ]

  /// An answer without what is another in every answer, and the repeated text as the text was written.
  private static func told(_ answer: JSONValue) -> String {
    let fleeting: Set<String> = [
      "id", "created", "timings", "analysis_id", "run_id", "request_id", "text", "text_offset",
      "took_ms", "seconds", "duration_ms", "elapsed_ms",
    ]
    func kept(_ value: JSONValue) -> JSONValue {
      if let list = value.array { return .array(list.map(kept)) }
      guard let members = value.members else { return value }
      return JSONValue(
        members: members.filter { !fleeting.contains($0.name) }.map {
          JSONValue.Member($0.name, kept($0.value))
        })
    }
    return kept(answer).json(.compact)
  }

  @Test func `a text that spells the beginning and one that leaves it out are the same prompt`()
    async throws
  {
    try await Self.withModel { kit in
      for text in ["The capital of France", "", " x", "1 + 1"] {
        for (path, body) in Self.doors where !text.isEmpty || path != "/v1/analyses" {
          let plain = try await kit.send("POST", path, body(text).json(.compact))
          let spelled = try await kit.send("POST", path, body(Self.begin + text).json(.compact))
          #expect(plain.code == 200 && spelled.code == 200, "\(path): \(spelled.text)")
          #expect(try Self.told(plain.json) == Self.told(spelled.json), "\(path) of '\(text)'")
        }
        var counts: [Int64?] = []
        for prompt in [text, Self.begin + text] {
          let body: JSONValue = ["prompt": .string(prompt), "max_tokens": 1]
          let run = try await kit.start(body.json(.compact))
          _ = try await kit.events(run)
          counts.append(try await kit.json("GET", "/v1/runs/\(run)")["prompt_tokens"]?.integer)
        }
        #expect(counts[0] != nil && counts[0] == counts[1])
      }
    }
  }

  @Test func `tokenize gives both and says so, where it was asked to add one`() async throws {
    try await Self.withModel { kit in
      func tokenize(_ text: String, adds: Bool) async throws -> JSONValue {
        let body: JSONValue = ["text": .string(text), "add_special": .bool(adds)]
        return try await kit.json("POST", "/v1/tokenize", body.json(.compact))
      }
      let bare = try await tokenize("Hello", adds: false)["tokens"]?.array ?? []
      for (text, adds, begins) in [
        ("Hello", false, 0), ("Hello", true, 1), (Self.begin + "Hello", false, 1),
        (Self.begin + "Hello", true, 2),
      ] {
        let answer = try await tokenize(text, adds: adds)
        #expect(answer["tokens"]?.array == Array(repeating: 0, count: begins) + bare)
        let note = answer["note"]?.string
        #expect((note?.contains(Self.begin) == true) == (begins == 2), "\(answer)")
      }
    }
  }

  @Test func `a conversation begins once, by its template, and what a user spells stays text`()
    async throws
  {
    try await Self.withModel { kit in
      for content in ["Hello", Self.begin + "Hello", Self.begin] {
        let body: JSONValue = [
          "messages": [["role": "user", "content": .string(content)]], "max_tokens": 1,
          "add_generation_prompt": true,
        ]
        let prompt = try await kit.json("POST", "/v1/apply_template", body.json(.compact))
        let tokens = (prompt["tokens"]?.array ?? []).compactMap(\.integer)
        #expect(tokens.first == 0 && tokens.count { $0 == 0 } == 1, "\(prompt)")
        let chat = try await kit.json("POST", "/v1/chat/completions", body.json(.compact))
        #expect(chat["usage"]?["prompt_tokens"]?.integer == Int64(tokens.count), "\(chat)")
      }
    }
  }
}
