import Checkpoints
import Foundation
import Hooks
import Models
import TestKit
import Testing

/// What becomes of adapters that are right, and of those that are damaged in every way that a file can be.
@Suite struct `Adapters of the bundled model` {
  private func load(_ adapter: AdapterFolder) throws -> ModelRunner {
    let folder = try adapter.write()
    defer { try? FileManager.default.removeItem(at: folder) }
    return try ModelRunner(TestModels.bundled, adapter: folder.path, threads: 1)
  }

  private func refusal(_ adapter: AdapterFolder) throws -> CheckpointError {
    do { _ = try load(adapter) } catch let error as CheckpointError { return error }
    throw Fault.notRefused
  }

  private enum Fault: Error { case notRefused }

  private let prompt: [Int32] = [5, 77, 900, 13, 1024, 8, 42, 555, 2000, 3, 1, 99, 640, 12]

  @Test func `an update of zeros changes no number, and its scale counts`() throws {
    let plain = try ModelRunner(TestModels.bundled, threads: 1).prefill(prompt).logits
    var adapter = AdapterFolder.ofBundledModel()
    let own = try load(adapter).prefill(prompt).logits
    #expect(own != plain)
    var doubled = adapter
    doubled.configuration["lora_alpha"] = "8"
    #expect(try load(doubled).prefill(prompt).logits != own)
    doubled.configuration["r"] = "2"
    for name in doubled.tensors.keys where name.hasSuffix("lora_B.weight") {
      doubled.tensors[name]?.values = adapter.tensors[name]?.values.map { $0 / 2 } ?? []
    }
    #expect(try load(doubled).prefill(prompt).logits == own)
    for name in adapter.tensors.keys where name.hasSuffix("lora_B.weight") {
      let count = adapter.tensors[name]?.values.count ?? 0
      adapter.tensors[name]?.values = Array(repeating: 0, count: count)
    }
    #expect(try load(adapter).prefill(prompt).logits == plain)
  }

  @Test func `what heads wrote adds up to the attention's output with the update in it`() throws {
    let runner = try load(.ofBundledModel(["self_attn.o_proj": (128, 128)]))
    let points = [HookPoint(.headResult, layer: 3), HookPoint(.attentionOutput, layer: 3)]
    let run = runner.prefill(prompt, watching: points)
    let heads = try #require(run.captured[points[0]]).values
    let whole = try #require(run.captured[points[1]]).values
    let largest = whole.map(abs).max() ?? 1
    for position in prompt.indices {
      for column in 0..<128 {
        let sum = (0..<4).reduce(Float(0)) { sum, head in
          sum + heads[(head * prompt.count + position) * 128 + column]
        }
        #expect(abs(sum - whole[position * 128 + column]) <= 1e-5 * largest)
      }
    }
  }

  @Test
  func `every tensor that is missing, of another shape or for no module is refused by its name`()
    throws
  {
    let whole = AdapterFolder.ofBundledModel(layers: 0..<24)
    let names = whole.tensors.keys.sorted().enumerated().filter { $0.offset % 9 == 0 }.map(
      \.element)
    for name in names {
      let plain = String(name.dropFirst("base_model.model.".count))
      var damaged = whole
      damaged.tensors[name] = nil
      var error = try refusal(damaged)
      #expect(error.kind == .missing && error.subject == .tensor(plain), "\(error)")

      let tensor = try #require(whole.tensors[name])
      for shape in [[tensor.shape[1], tensor.shape[0]], [tensor.values.count], [1] + tensor.shape] {
        damaged = whole
        damaged.tensors[name]?.shape = shape
        error = try refusal(damaged)
        #expect(error.subject == .tensor(name), "\(shape): \(error)")
      }
      damaged = whole
      damaged.tensors[name] = nil
      let other = name.replacingOccurrences(of: "_proj", with: "_porj")
      damaged.tensors[other] = tensor
      error = try refusal(damaged)
      #expect(error.subject == .tensor(plain), "\(error)")
    }
    for stranger in [
      "base_model.model.model.layers.24.self_attn.q_proj.lora_A.weight", "x",
      "base_model.model.model.layers.0.input_layernorm.weight",
      "base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector",
      "base_model.model.lm_head.weight", "base_model.model.score.weight",
    ] {
      var strange = whole
      strange.tensors[stranger] = AdapterFolder.Tensor(shape: [2, 2], values: [1, 2, 3, 4])
      let error = try refusal(strange)
      #expect(error.subject == .tensor(stranger), "\(error)")
    }
  }

  @Test func `a pair that the configuration promises must be there whole`() throws {
    let whole = AdapterFolder.ofBundledModel()
    var damaged = whole
    let module = "base_model.model.model.layers.7.mlp.down_proj"
    damaged.tensors[module + ".lora_A.weight"] = nil
    damaged.tensors[module + ".lora_B.weight"] = nil
    #expect(
      try refusal(damaged).subject == .tensor("model.layers.7.mlp.down_proj.lora_A.weight"))
    for (name, text) in [
      ("layers_to_transform", "[0, 1, 2, 3, 4, 5, 6, 8, 9]"),
      ("exclude_modules", #"["layers.7.mlp.down_proj"]"#),
    ] {
      damaged.configuration[name] = text
      if name == "layers_to_transform" {
        for layer in [7] + Array(10..<24) {
          for tensor in damaged.tensors.keys where tensor.contains("layers.\(layer).") {
            damaged.tensors[tensor] = nil
          }
        }
        _ = try load(damaged)
        damaged = whole
        damaged.tensors[module + ".lora_A.weight"] = nil
        damaged.tensors[module + ".lora_B.weight"] = nil
      }
    }
    _ = try load(damaged)
  }

  @Test(arguments: [
    ("r", "0"), ("r", "-1"), ("r", "3"), ("r", #""2""#), ("r", "null"), ("r", "1e30"),
    ("lora_alpha", #""4""#), ("lora_alpha", "1e300"), ("use_rslora", "1"),
    ("peft_type", #""IA3""#), ("peft_type", "null"), ("use_dora", "true"), ("bias", #""all""#),
    ("lora_bias", "true"), ("init_lora_weights", #""pissa_niter_4""#),
    ("target_modules", "{}"), ("rank_pattern.q_proj|v_proj", #"{"q_proj|v_proj": 2}"#),
    ("alpha_pattern.q_proj", #"{"q_proj": "4"}"#), ("alpha_pattern", "[1]"),
    ("rank_pattern.q_proj", #"{"q_proj": 0}"#), ("layer_replication", "[[0, 2]]"),
    ("trainable_token_indices", "[1]"), ("loftq_config", #"{"bits": 4}"#),
    ("layers_to_transform", #""all""#), ("modules_to_save", "3"),
  ])
  func `a value that can't be computed with is refused by its name`(
    field: String, value: String
  ) throws {
    var adapter = AdapterFolder.ofBundledModel()
    adapter.configuration[String(field.prefix { $0 != "." })] = value
    let error = try refusal(adapter)
    guard field == "r", value == "3" else {
      #expect(error.subject == .field(field), "\(error)")
      return
    }
    // The rank that the file itself shows is another.
    guard case .tensor = error.subject else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func `a file that is cut anywhere is refused`() throws {
    let folder = try AdapterFolder.ofBundledModel(layers: 0..<24).write()
    defer { try? FileManager.default.removeItem(at: folder) }
    let place = folder.appendingPathComponent("adapter_model.safetensors")
    let data = try Data(contentsOf: place)
    for count in [0, 1, 7, 8, 9, 200, data.count / 2, data.count - 1] {
      try data.prefix(count).write(to: place)
      #expect(throws: CheckpointError.self) {
        try ModelRunner(TestModels.bundled, adapter: folder.path, threads: 1)
      }
    }
    try FileManager.default.removeItem(at: place)
    try Data("pickle".utf8).write(to: folder.appendingPathComponent("adapter_model.bin"))
    #expect(throws: CheckpointError.self) {
      try ModelRunner(TestModels.bundled, adapter: folder.path, threads: 1)
    }
  }

  @Test func `names nobody knows are listed, and the identity is the model's and the adapter's`()
    throws
  {
    var adapter = AdapterFolder.ofBundledModel()
    adapter.configuration["mystery"] = "3"
    let folder = try adapter.write()
    defer { try? FileManager.default.removeItem(at: folder) }
    let base = try Checkpoint.open(TestModels.bundled)
    let adapted = try Checkpoint.open(TestModels.bundled, adapter: folder.path)
    #expect(adapted.configuration.unknownFields == ["adapter_config.mystery"])
    #expect(adapted.contentHash != base.contentHash)
    let identity = try adapted.identity()
    #expect(try identity != base.identity())
    #expect(adapted.summary.adapter?.updates == 48)
    #expect(adapted.summary.adapter?.ranks == 2...2)
    adapter.configuration["lora_alpha"] = "5"
    let other = try adapter.write()
    defer { try? FileManager.default.removeItem(at: other) }
    #expect(
      try Checkpoint.open(TestModels.bundled, adapter: other.path).identity() != identity)
  }
}
