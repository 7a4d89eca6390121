import Checkpoints
import Foundation
import Tensors
import Testing

/// Opens every checkpoint that `Tests/References/make_references.py` made, when `NEUROSCOPE_REFERENCES` names
/// its folder.
@Suite(.enabled(if: References.root != nil))
struct ReferenceCheckpointTests {
  @Test(arguments: References.paths)
  func `opens and every module has a matrix`(_ path: String) throws {
    let checkpoint = try Checkpoint.open(path)
    #expect(checkpoint.configuration.layers >= 2)
    #expect(checkpoint.configuration.vocabularySize == 512)
    #expect(checkpoint.tokenizer != .none)
    for name in checkpoint.tensorNames {
      let entry = try #require(checkpoint.tensor(name))
      guard name.hasSuffix(".weight"), entry.shape.count == 2 else { continue }
      let matrix = try checkpoint.matrix(String(name.dropLast(7)))
      #expect(matrix.rows == entry.shape[0], "\(name)")
    }
  }

  private static func open(_ path: String) throws -> Checkpoint {
    try Checkpoint.open(try #require(References.root) + "/" + path)
  }

  @Test(arguments: [
    "gpt_oss", "llama", "llama3", "llama_k", "mistral", "qwen2", "qwen3", "gpt2", "gemma3", "olmo2",
    "phi3",
  ])
  func `every format describes the same model`(_ family: String) throws {
    let wanted = try Self.open("\(family)/hf-f32").configuration
    #expect(try Self.open("\(family)/hf-bf16").configuration == wanted)
    #expect(try Self.open("\(family)/mlx-bf16").configuration == wanted)
    guard family != "phi3" else { return }
    var gguf = try Self.open("\(family)/gguf/model-F32.gguf").configuration
    // What GGUF says otherwise on purpose.
    #expect(gguf.interleavedRotation == ["llama", "mistral"].contains(wanted.architecture))
    #expect(abs(gguf.normEpsilon / wanted.normEpsilon - 1) < 1e-6, "stored as float32")
    #expect(gguf.normWeightOffset == 0)
    gguf.interleavedRotation = false
    gguf.normEpsilon = wanted.normEpsilon
    gguf.normWeightOffset = wanted.normWeightOffset
    // Its tensors alone tell which products have a bias.
    for bias in [\ModelConfiguration.attentionBias, \.attentionOutputBias, \.mlpBias] {
      #expect(gguf[keyPath: bias] == nil)
      gguf[keyPath: bias] = wanted[keyPath: bias]
    }
    if wanted.architecture == "mistral" { gguf.architecture = "mistral" }
    if family == "llama3" {
      #expect(gguf.rope?.scaling == .frequencyFactors(tensor: "rope_freqs.weight"))
      gguf.rope = wanted.rope
    }
    #expect(gguf == wanted)
  }

  @Test(arguments: ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"])
  func `gpt2's matrices are the same from every side`(_ module: String) throws {
    let mlx = try Self.open("gpt2/mlx-bf16")
    let huggingFace = try Self.open("gpt2/hf-bf16")
    let wanted = try mlx.matrix("model.h.1.\(module)")
    let found = try huggingFace.transposedMatrix(
      "h.1.\(module)", rows: wanted.rows, columns: wanted.columns)
    #expect(rows(of: found) == rows(of: wanted))
    let borrowed = try mlx.transposedMatrix(
      "model.h.1.\(module)", rows: wanted.rows, columns: wanted.columns)
    #expect(rows(of: borrowed) == rows(of: wanted))
  }

  @Test(arguments: ExpertProjection.allCases)
  func `MXFP4 experts are the same in three layouts`(_ part: ExpertProjection) throws {
    let module = "model.layers.2.mlp"
    let (outputs, inputs) = part == .down ? (64, 128) : (128, 64)
    func experts(_ path: String, _ module: String) throws -> [[[Float]]] {
      try Self.open(path).expertMatrices(module, part, count: 4, rows: outputs, columns: inputs)
        .map(rows(of:))
    }
    let wanted = try experts("gpt_oss/hf-mxfp4", module)
    #expect(try experts("gpt_oss/mlx-mxfp4-q4", module) == wanted)
    #expect(try experts("gpt_oss/gguf/model-MXFP4.gguf", "blk.2") == wanted)
    #expect(try experts("gpt_oss/mlx-bf16", module) == wanted, "dequantised by mlx-lm")
  }

  @Test(arguments: ExpertProjection.allCases)
  func `plain experts and their biases are the same in both layouts`(
    _ part: ExpertProjection
  ) throws {
    let module = "model.layers.0.mlp"
    let (outputs, inputs) = part == .down ? (64, 128) : (128, 64)
    let huggingFace = try Self.open("gpt_oss/hf-bf16")
    let gguf = try Self.open("gpt_oss/gguf/model-F32.gguf")
    let found = try huggingFace.expertMatrices(
      module, part, count: 4, rows: outputs, columns: inputs)
    let wanted = try gguf.expertMatrices("blk.0", part, count: 4, rows: outputs, columns: inputs)
    #expect(found.map(rows(of:)) == wanted.map(rows(of:)))
    #expect(
      try huggingFace.expertBiases(module, part, count: 4, rows: outputs)
        == gguf.expertBiases("blk.0", part, count: 4, rows: outputs))
  }
}

/// Where the reference checkpoints are.
enum References {
  static let root = ProcessInfo.processInfo.environment["NEUROSCOPE_REFERENCES"]

  /// Every checkpoint: GGUF files, and folders with a configuration.
  static let paths: [String] = {
    guard let root, let all = FileManager.default.enumerator(atPath: root) else { return [] }
    return all.compactMap { $0 as? String }.filter {
      // Folders of other tests: vocabularies alone, a model of another size, configurations that are refused, and
      // adapters.
      !$0.hasPrefix("tok/") && !$0.hasPrefix("adapters/") && !$0.hasPrefix("real/")
        && !$0.hasPrefix("quirks/")
        && ($0.hasSuffix(".gguf") || $0.hasSuffix("/config.json"))
    }.map { root + "/" + ($0.hasSuffix(".gguf") ? $0 : String($0.dropLast("/config.json".count))) }
      .sorted()
  }()
}
