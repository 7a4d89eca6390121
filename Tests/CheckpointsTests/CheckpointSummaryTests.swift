import Testing

@testable import Checkpoints

struct CheckpointSummaryTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test func `counts a GGUF file by type, with its tokenizer`() throws {
    try folder.write("m.gguf", GGUFBuilder.tinyLlama().bytes())
    let summary = try Checkpoint.open(folder.path).summary
    #expect(summary.codings.map(\.name) == ["F32", "Q4_0"])
    #expect(summary.codings.map(\.bytes) == [128, 72])
    #expect(summary.codings[1].bitsPerParameter == 4.5)
    #expect(summary.tokenizer == .gguf(model: "gpt2", pre: "smollm", tokens: 4))
    #expect(summary.hasChatTemplate)
    #expect(summary.memory.repacked == 0)
    #expect(summary.memory.cacheNumbersPerPosition == 32)
    #expect(summary.memory.cache(positions: 64, bytesPerNumber: 4) == 8_192)
    #expect(summary.memory.cache(positions: .max, bytesPerNumber: 4) == nil)
  }

  @Test func `counts MLX's words as the numbers they code, scales into their bytes`() throws {
    try folder.write("config.json", SafetensorsBuilder.tinyMLXConfig)
    try folder.write("model.safetensors", SafetensorsBuilder.tinyMLX().bytes())
    let summary = try Checkpoint.open(folder.path).summary
    let wanted = CheckpointSummary.Coding(name: "4-bit g32", tensors: 1, parameters: 128, bytes: 80)
    #expect(summary.codings == [wanted])
    #expect(summary.codings[0].bitsPerParameter == 5)
    #expect(summary.parameterCount == 128)
    #expect(summary.tokenizer == .none)
  }

  @Test(
    .enabled(if: References.root != nil),
    arguments: [
      ("gpt_oss", ["hf-bf16", "hf-mxfp4", "mlx-q4-g32", "mlx-mxfp4-q4", "gguf/model-MXFP4.gguf"]),
      ("gpt2", ["hf-bf16", "mlx-q8-g64", "gguf/model-Q5_0.gguf"]),
      ("llama3", ["hf-bf16", "mlx-q4-g64-f16", "gguf/model-Q4_0.gguf"]),
      ("qwen3", ["mlx-q2-g32", "mlx-q5-g32", "mlx-mixed-3-6"]),
    ])
  func `every format of a model has as many parameters`(_ family: String, _ formats: [String])
    throws
  {
    let root = try #require(References.root) + "/\(family)/"
    let wanted = try Checkpoint.open(root + "hf-f32").summary
    for format in formats {
      #expect(try Checkpoint.open(root + format).summary.parameterCount == wanted.parameterCount)
    }
    #expect((wanted.memory.repacked > 0) == ["gpt_oss", "gpt2"].contains(family))
  }
}
