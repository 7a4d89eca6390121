import Testing

@testable import Checkpoints

/// A tokenizer opened without its model.
struct VocabularyOnlyTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test func `a GGUF file needs neither tensors nor a family that is known`() throws {
    var file = GGUFBuilder.tinyLlama()
    file.tensors = []
    file.fields =
      [("general.architecture", .string("unheard"))]
      + file.fields.filter { $0.0.hasPrefix("tokenizer.") }
    let path = try folder.write("vocab.gguf", file.bytes())
    for place in [path, folder.path] {
      let found = try Checkpoint.openVocabulary(place)
      #expect(found.isVocabularyOnly)
      #expect(found.configuration.architecture == "unheard")
      #expect((found.configuration.layers, found.configuration.vocabularySize) == (0, 4))
      #expect(found.chatTemplate == "{{ x }}")
      guard case .gguf(let fields) = found.tokenizer else { throw Missing() }
      #expect(fields.tokens == ["a", "b", "ab", "<|end|>"])
    }
  }

  @Test func `a family that is known needs none of its sizes, as a whole model does`() throws {
    var file = GGUFBuilder.tinyLlama()
    file.tensors = []
    file.fields.removeAll { $0.0.hasPrefix("llama.") }
    let path = try folder.write("vocab.gguf", file.bytes())
    #expect(try Checkpoint.openVocabulary(path).configuration.architecture == "llama")
    #expect(throws: CheckpointError.self) { try Checkpoint.open(path) }
  }

  @Test func `of a whole model the sizes are told and no weights are taken`() throws {
    let path = try folder.write("m.gguf", GGUFBuilder.tinyLlama().bytes())
    let found = try Checkpoint.openVocabulary(path)
    let whole = try Checkpoint.open(path)
    #expect(!whole.isVocabularyOnly)
    #expect(found.tokenizer == whole.tokenizer)
    #expect((found.configuration.layers, found.configuration.hiddenSize) == (1, 32))
    #expect(found.tensorNames.isEmpty && found.weightFiles.count == 0)
  }

  @Test func `a split model's vocabulary lies in its first part, whichever is named`() throws {
    try folder.write("m-00001-of-00002.gguf", GGUFBuilder.tinyLlama().bytes())
    let path = try folder.write("m-00002-of-00002.gguf", GGUFBuilder().bytes())
    #expect(try Checkpoint.openVocabulary(path).configuration.architecture == "llama")
  }

  @Test func `a folder needs no more than tokenizer-json`() throws {
    try folder.write("tokenizer.json", "{}")
    let bare = try Checkpoint.openVocabulary(folder.path)
    #expect(bare.configuration.architecture.isEmpty && bare.configuration.vocabularySize == 0)
    #expect(bare.tokenizer == .directory(folder.path))
    try folder.write(
      "config.json", #"{"model_type": "unheard", "hidden_size": 8, "vocab_size": 9}"#)
    try folder.write("chat_template.jinja", "{{ y }}")
    let file = try folder.write("model.safetensors", "damaged")
    for place in [folder.path, file] {
      let found = try Checkpoint.openVocabulary(place)
      #expect(found.configuration.architecture == "unheard")
      #expect((found.configuration.hiddenSize, found.configuration.vocabularySize) == (8, 9))
      #expect(found.chatTemplate == "{{ y }}")
    }
  }

  @Test func `a place without a tokenizer is refused`() throws {
    let error = try #require(throws: CheckpointError.self) {
      try Checkpoint.openVocabulary(folder.path)
    }
    #expect(error.kind == .missing && error.expected.contains("tokenizer.json"))
  }

  private struct Missing: Error {}
}
