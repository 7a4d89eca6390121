import Tensors
import Testing

@testable import Checkpoints

/// What configurations say of rotary positions, in every family and architecture by rule.
struct RotaryConfigurationTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func read(_ text: String) throws -> ModelConfiguration {
    let json = try JSONFile.read(try Mapping(path: try folder.write("config.json", text)))
    return try ModelConfiguration(huggingFace: json, generation: nil, file: "config.json")
  }

  private func gguf(_ change: (inout GGUFBuilder) -> Void) throws -> ModelConfiguration {
    var builder = GGUFBuilder.tinyLlama()
    change(&builder)
    let mapping = try Mapping(path: try folder.write("m.gguf", builder.bytes()))
    return try ModelConfiguration(gguf: try GGUFFile(mapping))
  }

  private static let sizes = """
    "hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 128,
    "vocab_size": 512, "max_position_embeddings": 256, "num_key_value_heads": 4
    """

  /// What stands around the sets of rotary positions belongs to each of them, in every family.
  @Test(
    arguments: Architecture.all.filter { !$0.rotatesPartly && $0.name != "gpt2" }.map(\.name),
    [
      #""rope_scaling": {"rope_type": "linear", "factor": 2}"#,
      #""rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 2}}"#,
      #""rope_parameters": {"sliding_attention": {"rope_type": "linear", "factor": 2}}"#,
      #""rope_parameters": {"full_attention": {"rope_type": "default", "partial_rotary_factor": 1},"#
        + #" "sliding_attention": {"rope_type": "linear", "factor": 2}}"#,
    ])
  func `a part of each head that no model of the family turns is refused around its sets, too`(
    _ family: String, _ rope: String
  ) throws {
    let isTwofold = Architecture.traits(of: family)?.slidingTheta != nil
    guard isTwofold || rope.contains("rope_scaling") else { return }
    for (share, isRefused) in [("0.5", true), ("1.0", false)] {
      let text =
        "{\"model_type\": \"\(family)\", \(Self.sizes), \(rope), \"partial_rotary_factor\": \(share)}"
      guard isRefused else {
        #expect(throws: Never.self) { try self.read(text) }
        continue
      }
      let error = #expect(throws: CheckpointError.self) { try self.read(text) }
      #expect(error?.subject == .field("partial_rotary_factor"))
    }
  }

  /// A tensor of one number for each rotating pair of the tiny llama.
  private func factors(_ name: String, _ value: Float = 2) -> GGUFBuilder.Tensor {
    .init(
      name: name, extents: [8], type: 0,
      bytes: (0..<8).flatMap { _ in GGUFBuilder.little(value.bitPattern) })
  }

  @Test func `takes frequency factors from their tensor`() throws {
    let llama = try gguf { $0.tensors.append(factors("rope_freqs.weight")) }
    #expect(llama.rope?.scaling == .frequencyFactors(tensor: "rope_freqs.weight"))
  }

  /// Every name of an architecture, with every stretch, and every set of tensors of rotary factors: those that
  /// llama.cpp reads are applied, all others refused by name.
  @Test(arguments: Architecture.all.flatMap(\.spellings), [nil, "none", "longrope"] as [String?])
  func `tensors of rotary factors are applied where llama.cpp does, and refused elsewhere`(
    _ name: String, _ kind: String?
  ) throws {
    let (one, long, short) = (
      "rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"
    )
    let isLlama = ["llama", "granite"].contains(name)
    let known =
      name == "phi3" || (isLlama && kind == "longrope") ? [long, short] : isLlama ? [one] : []
    for held in [[one], [long, short], [long], [short], [one, long, short]] {
      func read() throws -> ModelConfiguration {
        try gguf { file in
          file.fields = file.fields.map { key, value in
            key == "general.architecture"
              ? (key, .string(name))
              : (key.hasPrefix("llama.") ? "\(name).\(key.dropFirst(6))" : key, value)
          }
          file.fields += [
            ("\(name).attention.layer_norm_epsilon", .float32(1e-5)),
            ("\(name).attention.sliding_window", .uint32(8)), ("\(name).logit_scale", .float32(1)),
            ("\(name).rope.scaling.original_context_length", .uint32(16)),
          ]
          if let kind { file.fields.append(("\(name).rope.scaling.type", .string(kind))) }
          file.tensors += held.map { factors($0) }
        }
      }
      let stray = held.first { !known.contains($0) } ?? known.first { !held.contains($0) }
      if let stray {
        let error = #expect(throws: CheckpointError.self, "\(held)") { try read() }
        #expect(error?.subject == .tensor(stray), "\(held)")
        continue
      }
      let twos = [Float](repeating: 2, count: 8)
      let expected: RopeConfiguration.Scaling =
        held == [one]
        ? .frequencyFactors(tensor: one)
        : .longrope(
          .init(shortFactors: twos, longFactors: twos, originalContext: 16, attentionFactor: 1))
      #expect(try read().rope?.scaling == expected, "\(held)")
    }
  }

  @Test(arguments: [0, -1, .nan, .infinity, 1e30] as [Float])
  func `rotary factors that no frequency can be divided by are refused by their tensor`(
    _ value: Float
  ) throws {
    let error = #expect(throws: CheckpointError.self) {
      try gguf { $0.tensors.append(factors("rope_freqs.weight", value)) }
    }
    #expect(error?.subject == .tensor("rope_freqs.weight"))
  }

  @Test(arguments: [nil, "none", "linear"] as [String?], [true, false])
  func `a factor of cosines that nothing here would apply is refused`(
    _ kind: String?, _ hasFactors: Bool
  ) throws {
    guard kind != "linear" || !hasFactors else { return }
    for (value, isRefused) in [(Float(1.5), true), (1, false)] {
      func read() throws -> ModelConfiguration {
        try gguf {
          $0.fields.append(("llama.rope.scaling.attn_factor", .float32(value)))
          if let kind { $0.fields.append(("llama.rope.scaling.type", .string(kind))) }
          if hasFactors { $0.tensors.append(factors("rope_freqs.weight")) }
        }
      }
      guard isRefused else {
        #expect(throws: Never.self) { try read() }
        continue
      }
      let error = #expect(throws: CheckpointError.self) { try read() }
      #expect(error?.subject == .field("rope.scaling.attn_factor"))
    }
  }
}
