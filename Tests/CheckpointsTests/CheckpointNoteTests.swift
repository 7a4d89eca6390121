import Testing

@testable import Checkpoints

/// What a load or `inspect` says beyond what was asked.
struct CheckpointNoteTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func gguf(_ change: (inout GGUFBuilder) -> Void) throws -> Checkpoint {
    var file = GGUFBuilder.tinyLlama()
    change(&file)
    return try Checkpoint.open(try folder.write("m.gguf", file.bytes()))
  }

  @Test func `a file that does not say how text is split is noted`() throws {
    #expect(try gguf { _ in }.notes.isEmpty)
    let silent = try gguf { $0.fields.removeAll { $0.0 == "tokenizer.ggml.pre" } }
    #expect(silent.notes == [.missingPreTokenizer])
    #expect(silent.summary.notes == silent.notes)
    #expect(silent.notes[0].description.contains("tokenizer.ggml.pre"))
    let other = try gguf {
      $0.fields.removeAll { ["tokenizer.ggml.pre", "tokenizer.ggml.model"].contains($0.0) }
      $0.fields.append(("tokenizer.ggml.model", .string("llama")))
    }
    #expect(other.notes.isEmpty)
  }

  @Test func `positions that only longer runs would stretch are noted`() throws {
    let config = SafetensorsBuilder.tinyConfig.dropLast()
    let rope = #", "rope_scaling": {"type": "dynamic", "factor": 2.0}}"#
    try folder.write("config.json", config + rope)
    try folder.write("model.safetensors", SafetensorsBuilder.tinyLlama().bytes())
    #expect(try Checkpoint.open(folder.path).notes == [.dynamicRope(context: 64)])
  }

  @Test func `metadata that is not understood is listed, the tokenizer's too`() throws {
    let file = try gguf {
      $0.fields += [
        ("llama.odd", .uint32(1)), ("tokenizer.ggml.odd", .bool(1)), ("odd.key", .uint32(2)),
        ("general.odd", .uint32(3)), ("tokenizer.ggml.mask_token_id", .uint32(1)),
        ("tokenizer.chat_template.tool_use", .string("x")),
      ]
    }
    #expect(
      file.summary.configuration.unknownFields == ["llama.odd", "odd.key", "tokenizer.ggml.odd"])
  }

  @Test func `tensors that no text needs are counted by what they belong to`() throws {
    let file = try gguf {
      let spare = $0.tensors[1]
      for name in [
        "mm.0.weight", "mm.1.weight", "v.blk.weight", "blk.0.attn.rotary_emb.inv_freq",
        "blk.0.attn.masked_bias",
      ] {
        var tensor = spare
        tensor.name = name
        $0.tensors.append(tensor)
      }
    }
    #expect(
      file.tensorsAside == [
        TensorGroup(name: "attn.masked_bias", tensors: 1), TensorGroup(name: "mm", tensors: 2),
        TensorGroup(name: "rotary_emb.inv_freq", tensors: 1), TensorGroup(name: "v", tensors: 1),
      ])
    #expect(file.summary.tensorsAside == file.tensorsAside)
  }

  @Test(arguments: [(64, true), (32, false)])
  func `two sets of rotary factors are noted where the context can cross from one to the other`(
    _ context: Int, _ isNoted: Bool
  ) throws {
    let ones = [Int](repeating: 1, count: 4).description
    let config = """
      {"model_type": "phi3", "hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 1,
       "max_position_embeddings": \(context), "original_max_position_embeddings": 32,
       "rope_scaling": {"type": "longrope", "short_factor": \(ones), "long_factor": \(ones)}}
      """
    try folder.write("config.json", config)
    var file = SafetensorsBuilder()
    file.tensors = [.init(name: "x", dtype: "F32", shape: [1], bytes: [0, 0, 0, 0])]
    try folder.write("model.safetensors", file.bytes())
    let notes = try Checkpoint.open(folder.path).notes
    #expect(notes == (isNoted ? [.twoRopes(original: 32)] : []))
  }
}
