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
    let cases = try ReferenceCases.at(folder).harmony["render"]?.elements ?? []
    #expect(cases.count >= 63)
    for test in cases {
      var renderer = HarmonyRenderer(tokenizer, tokens)
      let messages = (test["conversation"]?["messages"]?.elements ?? []).map(Self.message)
      renderer.render(
        messages, next: test["next_role"]?.text,
        dropAnalysis: test["auto_drop_analysis"]?.flag ?? true)
      let name = "\(test["name"]?.text ?? "") \(test["kind"]?.text ?? "")"
      #expect(renderer.prompt.text == test["text"]?.text, "\(name)")
      if let ids = test["tokens"] { #expect(renderer.prompt.tokens == ids.tokens, "\(name)") }
      #expect(
        tokenizer.decode(renderer.prompt.tokens, skipSpecial: false) == test["text"]?.text,
        "\(name)")
    }
  }

  @Test(arguments: ReferenceCases.all)
  func `generations parse as openai-harmony parses them`(_ folder: URL) throws {
    let tokenizer = try Self.vocabulary(folder)
    let tokens = try HarmonyTokens(tokenizer)
    let cases = try ReferenceCases.at(folder).harmony["parse"]?.elements ?? []
    #expect(cases.count >= 13)
    for test in cases {
      let text = test["text"]?.text ?? ""
      let ids = tokenizer.encode(text, parseSpecial: true, addSpecial: false)
      if let known = test["tokens"] { #expect(ids == known.tokens) }
      let (messages, broken) = Self.parse(ids, HarmonyParser(tokenizer, tokens, role: "assistant"))
      let expected = (test["messages"]?.elements ?? []).map(Self.message)
      #expect(messages == expected, "\(test["name"]?.text ?? "")")
      #expect(broken == (test["error"] != nil), "\(test["name"]?.text ?? "")")
    }
  }

  @Test(arguments: ReferenceCases.all)
  func `a streamed generation is seen token by token as openai-harmony sees it`(
    _ folder: URL
  ) throws {
    let tokenizer = try Self.vocabulary(folder)
    let tokens = try HarmonyTokens(tokenizer)
    for test in try ReferenceCases.at(folder).harmony["stream"]?.elements ?? [] {
      var parser = HarmonyParser(tokenizer, tokens, role: "assistant")
      var given: String? = "assistant"
      var content = ""
      for (id, step) in zip(test["tokens"]?.tokens ?? [], test["steps"]?.elements ?? []) {
        let event = parser.append(id)
        let name = "\(test["name"]?.text ?? "") \(id)"
        if parser.header != nil { given = nil }
        if case .broken = event { continue }
        #expect(parser.header?.role ?? given == step["role"]?.text, "\(name)")
        #expect(parser.header?.channel == step["channel"]?.text, "\(name)")
        #expect(parser.header?.recipient == step["recipient"]?.text, "\(name)")
        #expect(parser.header?.contentType == step["content_type"]?.text, "\(name)")
        var delta: String?
        if case .content(let text) = event { delta = text }
        content = parser.header == nil ? "" : content + (delta ?? "")
        #expect(delta == step["delta"]?.text, "\(name)")
      }
      if let open = test["final_content"]?.text { #expect(content == open) }
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
      role: json["role"]?.text ?? "", name: json["name"]?.text,
      recipient: json["recipient"]?.text, channel: json["channel"]?.text,
      contentType: json["content_type"]?.text)
    let content = json["content"]?.elements?.first ?? .null
    switch content["type"]?.text {
    case "system_content":
      var system = HarmonySystem()
      system.identity = content["model_identity"]?.text
      system.knowledgeCutoff = content["knowledge_cutoff"]?.text
      system.date = content["conversation_start_date"]?.text
      system.effort = content["reasoning_effort"]?.text?.lowercased()
      system.channels = content["channel_config"]?["valid_channels"]?.texts ?? []
      system.tools = namespaces(content)
      return HarmonyMessage(header, .system(system))
    case "developer_content":
      return HarmonyMessage(
        header,
        .developer(
          HarmonyDeveloper(
            instructions: content["instructions"]?.text, tools: namespaces(content))))
    default: return HarmonyMessage(header, .text(content["text"]?.text ?? ""))
    }
  }

  private static func namespaces(_ content: JSONValue) -> [HarmonyToolNamespace] {
    guard case .object(let tools) = content["tools"] else { return [] }
    return tools.values.map { value in
      HarmonyToolNamespace(
        name: value["name"]?.text ?? "", description: value["description"]?.text,
        tools: (value["tools"]?.elements ?? []).compactMap { HarmonyTool($0) })
    }
  }
}
