import Checkpoints
import Tensors
import Testing

struct CheckpointTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func writeLlama(_ config: String = SafetensorsBuilder.tinyConfig) throws {
    try folder.write("config.json", config)
    try folder.write("model.safetensors", SafetensorsBuilder.tinyLlama().bytes())
  }

  private func refused(_ path: String? = nil) throws -> CheckpointError {
    try #require(throws: CheckpointError.self) { try Checkpoint.open(path ?? folder.path) }
  }

  @Test func `opens a GGUF file, whatever it is called, and a folder that holds one`() throws {
    let bytes = GGUFBuilder.tinyLlama().bytes()
    for path in [try folder.write("m.gguf", bytes), try folder.write("blob", bytes), folder.path] {
      let checkpoint = try Checkpoint.open(path)
      #expect(checkpoint.format == .gguf)
      #expect(checkpoint.quantization == "Q4_0")
      #expect(checkpoint.fileBytes == bytes.count)
      #expect(checkpoint.parameterCount == 160)
      #expect(checkpoint.chatTemplate == "{{ x }}")
      #expect(checkpoint.tensorNames == ["token_embd.weight", "output_norm.weight"])
    }
  }

  @Test func `refuses a folder with several GGUF files, naming them`() throws {
    try folder.write("a.gguf", GGUFBuilder.tinyLlama().bytes())
    try folder.write("b.gguf", GGUFBuilder.tinyLlama().bytes())
    #expect(try refused().found == "2: a.gguf, b.gguf")
  }

  @Test func `opens a Hugging Face folder and a file inside it`() throws {
    try writeLlama()
    try folder.write("tokenizer.json", "{}")
    for path in [folder.path, folder.path + "/model.safetensors"] {
      let checkpoint = try Checkpoint.open(path)
      #expect(checkpoint.format == .safetensors)
      #expect(checkpoint.quantization == "BF16")
      #expect(checkpoint.tokenizer == .directory(folder.path))
      #expect(checkpoint.chatTemplate == nil)
      #expect(checkpoint.parameterCount == 160)
    }
  }

  @Test func `refuses what is not there, not a checkpoint, or a pipe`() throws {
    #expect(try refused(folder.path + "/none").kind == .missing)
    #expect(try refused().kind == .unsupported)
    try folder.write("config.json", SafetensorsBuilder.tinyConfig)
    #expect(try refused().found == "no .safetensors file")
    #expect(try refused("/dev/null").kind == .unsupported)
  }

  @Test func `refuses an empty file`() throws {
    let path = try folder.write("m.gguf", [])
    #expect(try refused(path).found == "an empty file")
  }

  @Test func `lends matrices and decodes vectors`() throws {
    try writeLlama()
    let checkpoint = try Checkpoint.open(folder.path)
    let matrix = try checkpoint.matrix("model.embed_tokens", rows: 4, columns: 32)
    #expect(matrix.encoding == .blocks(.bf16))
    #expect(rows(of: matrix).allSatisfy { $0.allSatisfy { $0 == 0x1.7ep-1 } })
    #expect(try checkpoint.vector("model.norm.weight", count: 32) == .init(repeating: 0, count: 32))
    #expect(try checkpoint.vector("model.norm", count: 32).count == 32)
    #expect(checkpoint.hasWeight("model.norm"))
    #expect(!checkpoint.hasWeight("lm_head"))
  }

  @Test func `refuses missing tensors and other shapes by name`() throws {
    try writeLlama()
    let checkpoint = try Checkpoint.open(folder.path)
    let missing = refusal { () throws(CheckpointError) in try checkpoint.matrix("lm_head") }
    #expect(missing?.kind == .missing)
    #expect(missing?.subject == .tensor("lm_head.weight"))
    let shape = refusal { () throws(CheckpointError) in
      try checkpoint.matrix("model.embed_tokens", rows: 5, columns: 32)
    }
    #expect(shape?.kind == .mismatch)
    #expect(shape?.expected == "shape [5, 32]")
    #expect(shape?.found == "[4, 32]")
    let norm = refusal { () throws(CheckpointError) in try checkpoint.matrix("model.norm") }
    #expect(norm?.expected == "a matrix")
    let count = refusal { () throws(CheckpointError) in
      try checkpoint.vector("model.norm.weight", count: 31)
    }
    #expect(count?.subject == .tensor("model.norm.weight"))
  }

  @Test func `keeps the bytes alive as long as a matrix`() throws {
    try writeLlama()
    var checkpoint: Checkpoint? = try Checkpoint.open(folder.path)
    let matrix = try #require(try checkpoint?.matrix("model.embed_tokens"))
    checkpoint = nil
    #expect(rows(of: matrix).count == 4)
  }

  @Test func `knows the same files by the same hash and others by another`() throws {
    try writeLlama()
    let first = try Checkpoint.open(folder.path).contentHash
    #expect(first.count == 64)
    #expect(try Checkpoint.open(folder.path).contentHash == first)
    var changed = SafetensorsBuilder.tinyLlama()
    changed.tensors[1].bytes[5] = 1
    try folder.write("model.safetensors", changed.bytes())
    #expect(try Checkpoint.open(folder.path).contentHash != first)
  }

  @Test(arguments: ["language_model.model.norm.weight", "model.language_model.norm.weight"])
  func `finds the text model inside a multimodal one`(_ name: String) throws {
    var file = SafetensorsBuilder.tinyLlama()
    file.tensors[1].name = name
    try folder.write("config.json", SafetensorsBuilder.tinyConfig)
    try folder.write("model.safetensors", file.bytes())
    #expect(try Checkpoint.open(folder.path).vector("model.norm.weight", count: 32).count == 32)
  }

  // MARK: Shards

  private func writeShards(index: String) throws {
    let whole = SafetensorsBuilder.tinyLlama()
    try folder.write("config.json", SafetensorsBuilder.tinyConfig)
    for (number, tensor) in whole.tensors.enumerated() {
      try folder.write(
        "model-\(number).safetensors", SafetensorsBuilder(tensors: [tensor]).bytes())
    }
    try folder.write("model.safetensors.index.json", index)
  }

  @Test func `joins the shards that the index names`() throws {
    try writeShards(
      index: """
        {"metadata": {"total_size": 384}, "weight_map": {
          "model.embed_tokens.weight": "model-0.safetensors",
          "model.norm.weight": "model-1.safetensors"}}
        """)
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.tensorNames.count == 2)
    let byShard = try Checkpoint.open(folder.path + "/model-1.safetensors")
    #expect(byShard.tensorNames.count == 2)
    #expect(byShard.contentHash == checkpoint.contentHash)
  }

  @Test(arguments: [
    "../model-0.safetensors", "/etc/x.safetensors", "a/b.safetensors", "..", "", "config.json",
    "x\\u0000.safetensors",
  ])
  func `refuses shards outside the folder`(_ name: String) throws {
    try writeShards(index: "{\"weight_map\": {\"model.norm.weight\": \"\(name)\"}}")
    #expect(try refused().subject == .field("weight_map"))
  }

  @Test func `refuses shards that are missing or lack their tensor`() throws {
    try writeShards(index: #"{"weight_map": {"a": "model-7.safetensors"}}"#)
    #expect(try refused().kind == .missing)
    try writeShards(index: #"{"weight_map": {"a": "model-0.safetensors"}}"#)
    #expect(try refused().subject == .tensor("a"))
    try writeShards(index: "{}")
    #expect(try refused().subject == .field("weight_map"))
  }

  @Test func `refuses a tensor that two shards hold`() throws {
    try writeShards(
      index: #"{"weight_map": {"model.norm.weight": "model-1.safetensors", "b": "b.safetensors"}}"#)
    let norm = SafetensorsBuilder.tinyLlama().tensors[1]
    let other = SafetensorsBuilder.Tensor(name: "b", dtype: "U8", shape: [1], bytes: [0])
    try folder.write("b.safetensors", SafetensorsBuilder(tensors: [norm, other]).bytes())
    #expect(try refused().subject == .tensor("model.norm.weight"))
  }

  // MARK: Chat templates

  @Test(
    arguments: [
      (#"{"chat_template": "a{{ b }}"}"#, "a{{ b }}"),
      (
        #"{"x": [1, {"y": 2}], "chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]}"#,
        "d"
      ),
      (#"{"chat_template": [{"name": "rag", "template": "r"}]}"#, "r"),
      (#"{"chat_template": null}"#, nil), ("{}", nil),
    ] as [(String, String?)])
  func `finds the template in tokenizer_config`(_ text: String, _ template: String?) throws {
    try writeLlama()
    try folder.write("tokenizer_config.json", text)
    #expect(try Checkpoint.open(folder.path).chatTemplate == template)
  }

  @Test func `prefers the template in a file of its own`() throws {
    try writeLlama()
    try folder.write("tokenizer_config.json", #"{"chat_template": "old"}"#)
    try folder.write("chat_template.jinja", "new")
    #expect(try Checkpoint.open(folder.path).chatTemplate == "new")
  }

  @Test(arguments: [
    (#"{"quant_method": "gptq", "bits": 4, "group_size": 128}"#, ".quant_method"),
    (#"{"quant_method": "awq", "bits": 4, "group_size": 128}"#, ".quant_method"),
    (#"{"quant_method": "bitsandbytes", "load_in_4bit": true}"#, ".quant_method"),
    (#"{"quant_method": "fp8", "weight_block_size": [128, 128]}"#, ".quant_method"),
    (#"{"quant_method": "compressed-tensors", "config_groups": {}}"#, ".quant_method"),
    (#"{"quant_method": 4}"#, ".quant_method"), (#"{"load_in_8bit": true}"#, ""),
    (#"{"quant_method": null, "load_in_8bit": true}"#, ""), (#""int8""#, ""), ("4", ""),
  ])
  func `refuses quantisations of others by the field, before any number is read`(
    _ quantization: String, _ member: String
  ) throws {
    try writeLlama(
      SafetensorsBuilder.tinyConfig.dropLast() + #", "quantization_config": \#(quantization)}"#)
    #expect(try refused().subject == .field("quantization_config" + member))
    // The same where the text model's configuration stands inside another.
    let inner =
      SafetensorsBuilder.tinyConfig.dropLast() + #", "quantization_config": \#(quantization)}"#
    try writeLlama(#"{"model_type": "gemma3", "text_config": \#(inner)}"#)
    #expect(try refused().subject == .field("text_config.quantization_config" + member))
  }
}
