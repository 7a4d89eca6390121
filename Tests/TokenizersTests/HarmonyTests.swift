import Foundation
import JSON
import OrderedCollections
import Synchronization
import Testing
import TestKit

@testable import Tokenizers

@Suite struct HarmonyTests {
  /// The real vocabulary where the environment has it, else a small one with Harmony's control tokens.
  static func vocabulary(_ folder: URL) throws -> Tokenizer {
    try known.withLock { known in
      if let tokenizer = known[folder] { return tokenizer }
      let tokenizer = try makeVocabulary(folder)
      known[folder] = tokenizer
      return tokenizer
    }
  }

  private static let known = Mutex<[URL: Tokenizer]>([:])

  private static func makeVocabulary(_ folder: URL) throws -> Tokenizer {
    let cases = try ReferenceCases.at(folder)
    if let real = cases.vocabularies.first(where: { $0.name == "o200k_harmony" }) {
      return try real.open()
    }
    let small = try #require(cases.vocabularies.first { $0.name == "little-o200k" })
    var fields = try ReferenceCasesTests.ggufFields(small.folder, "gpt-4o")
    guard case .object(let special) = cases.harmony["special"] else {
      throw CocoaError(.fileReadCorruptFile)
    }
    for text in special.keys where !fields.tokens.contains(text) {
      fields.tokens.append(text)
      fields.tokenTypes.append(3)
    }
    return try Tokenizer(gguf: fields)
  }

  @Test(arguments: ReferenceCases.all)
  func `conversations render as openai-harmony renders them`(_ folder: URL) throws {
    let tokenizer = try Self.vocabulary(folder)
    let tokens = try HarmonyTokens(tokenizer)
    let cases = try ReferenceCases.at(folder).harmony["render"]?.array ?? []
    #expect(cases.count >= 63)
    for test in cases {
      var renderer = HarmonyRenderer(tokenizer, tokens)
      let messages = (test["conversation"]?["messages"]?.array ?? []).map(Self.message)
      renderer.render(
        messages, next: test["next_role"]?.string,
        dropAnalysis: test["auto_drop_analysis"]?.bool ?? true)
      let name = "\(test["name"]?.string ?? "") \(test["kind"]?.string ?? "")"
      #expect(renderer.prompt.text == test["text"]?.string, "\(name)")
      if let ids = test["tokens"] { #expect(renderer.prompt.tokens == ids.tokens, "\(name)") }
      #expect(
        tokenizer.decode(renderer.prompt.tokens, skipSpecial: false) == test["text"]?.string,
        "\(name)")
    }
  }

  @Test(arguments: ReferenceCases.all)
  func `generations parse as openai-harmony parses them`(_ folder: URL) throws {
    let tokenizer = try Self.vocabulary(folder)
    let tokens = try HarmonyTokens(tokenizer)
    let cases = try ReferenceCases.at(folder).harmony["parse"]?.array ?? []
    #expect(cases.count >= 13)
    for test in cases {
      let text = test["text"]?.string ?? ""
      let ids = tokenizer.encode(text, parseSpecial: true, addSpecial: false)
      if let known = test["tokens"] { #expect(ids == known.tokens) }
      let (messages, broken) = Self.parse(ids, HarmonyParser(tokenizer, tokens, role: "assistant"))
      let expected = (test["messages"]?.array ?? []).map(Self.message)
      #expect(messages == expected, "\(test["name"]?.string ?? "")")
      #expect(broken == (test["error"] != nil), "\(test["name"]?.string ?? "")")
    }
  }

  @Test(arguments: ReferenceCases.all)
  func `a streamed generation is seen token by token as openai-harmony sees it`(
    _ folder: URL
  ) throws {
    let tokenizer = try Self.vocabulary(folder)
    let tokens = try HarmonyTokens(tokenizer)
    for test in try ReferenceCases.at(folder).harmony["stream"]?.array ?? [] {
      var parser = HarmonyParser(tokenizer, tokens, role: "assistant")
      var given: String? = "assistant"
      var content = ""
      for (id, step) in zip(test["tokens"]?.tokens ?? [], test["steps"]?.array ?? []) {
        let event = parser.append(id)
        let name = "\(test["name"]?.string ?? "") \(id)"
        if parser.header != nil { given = nil }
        if case .broken = event { continue }
        #expect(parser.header?.role ?? given == step["role"]?.string, "\(name)")
        #expect(parser.header?.channel == step["channel"]?.string, "\(name)")
        #expect(parser.header?.recipient == step["recipient"]?.string, "\(name)")
        #expect(parser.header?.contentType == step["content_type"]?.string, "\(name)")
        var delta: String?
        if case .content(let text) = event { delta = text }
        content = parser.header == nil ? "" : content + (delta ?? "")
        #expect(delta == step["delta"]?.string, "\(name)")
      }
      if let open = test["final_content"]?.string { #expect(content == open) }
    }
  }

  private static func parse(
    _ ids: [Token], _ start: HarmonyParser
  ) -> (messages: [HarmonyMessage], broken: Bool) {
    var parser = start
    var messages: [HarmonyMessage] = []
    var current: (header: HarmonyHeader, text: String)?
    var broken = false
    for event in ids.map({ parser.append($0) }) + [parser.finish()] {
      switch event {
      case .nothing: break
      case .broken: broken = true
      case .began(let header): current = (header, "")
      case .content(let text): current?.text += text
      case .ended(let text):
        if let done = current { messages.append(.init(done.header, .text(done.text + text))) }
        current = nil
      }
    }
    return (messages, broken)
  }

  /// A message in openai-harmony's JSON.
  private static func message(_ json: JSONValue) -> HarmonyMessage {
    let header = HarmonyHeader(
      role: json["role"]?.string ?? "", name: json["name"]?.string,
      recipient: json["recipient"]?.string, channel: json["channel"]?.string,
      contentType: json["content_type"]?.string)
    let content = json["content"]?.array?.first ?? .null
    switch content["type"]?.string {
    case "system_content":
      var system = HarmonySystem()
      system.identity = content["model_identity"]?.string
      system.knowledgeCutoff = content["knowledge_cutoff"]?.string
      system.date = content["conversation_start_date"]?.string
      system.effort = content["reasoning_effort"]?.string?.lowercased()
      system.channels = content["channel_config"]?["valid_channels"]?.texts ?? []
      system.tools = namespaces(content)
      return HarmonyMessage(header, .system(system))
    case "developer_content":
      return HarmonyMessage(
        header,
        .developer(
          HarmonyDeveloper(
            instructions: content["instructions"]?.string, tools: namespaces(content))))
    default: return HarmonyMessage(header, .text(content["text"]?.string ?? ""))
    }
  }

  private static func namespaces(_ content: JSONValue) -> [HarmonyToolNamespace] {
    guard case .object(let tools) = content["tools"] else { return [] }
    return tools.values.map { value in
      HarmonyToolNamespace(
        name: value["name"]?.string ?? "", description: value["description"]?.string,
        tools: (value["tools"]?.array ?? []).compactMap { HarmonyTool($0) })
    }
  }
}
