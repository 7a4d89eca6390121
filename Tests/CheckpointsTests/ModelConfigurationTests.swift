import Tensors
import Testing

@testable import Checkpoints

struct ModelConfigurationTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func read(_ text: String, generation: String? = nil) throws -> ModelConfiguration {
    let generation = try generation.map {
      try JSONFile.read(try Mapping(path: try folder.write("generation.json", $0)))
    }
    let json = try JSONFile.read(try Mapping(path: try folder.write("config.json", text)))
    return try ModelConfiguration(huggingFace: json, generation: generation, file: "config.json")
  }

  private static let sizes = """
    "hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 128,
    "vocab_size": 512, "max_position_embeddings": 256, "num_key_value_heads": 4
    """

  private func refused(_ members: String) throws -> CheckpointError {
    try #require(throws: CheckpointError.self) { try read("{\(members)}") }
  }

  @Test func `reads both spellings alike`() throws {
    let yarn = """
      "rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0, "truncate": false,
      "original_max_position_embeddings": 4096
      """
    let old = try read(
      """
      {"model_type": "gpt_oss", \(Self.sizes), "rope_theta": 150000, "torch_dtype": "bfloat16",
       "rope_scaling": {\(yarn)}, "sliding_window": 128, "num_local_experts": 4,
       "num_experts_per_tok": 2}
      """)
    let new = try read(
      """
      {"architectures": ["GptOssForCausalLM"], \(Self.sizes), "dtype": "bfloat16",
       "rope_parameters": {"rope_theta": 150000.0, \(yarn)}, "sliding_window": 128,
       "num_experts": 4, "num_experts_per_tok": 2,
       "layer_types": ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]}
      """)
    #expect(old == new)
    #expect(old.attentionSpans == [.sliding, .full, .sliding, .full])
    #expect(old.rope?.theta == 150_000)
    guard case .yarn(let scaling)? = old.rope?.scaling else {
      Issue.record("no YaRN")
      return
    }
    #expect(!scaling.truncate)
    #expect(abs(scaling.attentionFactor - 1.3465735902799727) < 1e-12)
    #expect(old.swigluLimit == 7)
    #expect(!old.tiedEmbeddings)
  }

  @Test func `reads sizes inside text_config, with Gemma's defaults`() throws {
    let gemma = try read(
      """
      {"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
       "eos_token_id": [1, 106],
       "text_config": {"model_type": "gemma3_text", "hidden_size": 2560, "num_hidden_layers": 12,
        "intermediate_size": 10240, "sliding_window": 1024,
        "rope_scaling": {"rope_type": "linear", "factor": 8.0}}}
      """)
    #expect(gemma.architecture == "gemma3_text")
    #expect((gemma.heads, gemma.keyValueHeads, gemma.headDimension) == (8, 4, 256))
    #expect(gemma.vocabularySize == 262_208)
    #expect(gemma.rope?.theta == 1_000_000)
    #expect(gemma.rope?.scaling == .linear(factor: 8))
    #expect(gemma.slidingRope?.theta == 10_000)
    #expect(gemma.slidingRope?.scaling == RopeConfiguration.Scaling.none)
    #expect(gemma.attentionSpans.filter { $0 == .full }.count == 2)
    #expect(gemma.attentionSpans[5] == .full)
    #expect(gemma.normWeightOffset == 1)
    #expect(gemma.tiedEmbeddings)
  }

  @Test func `reads gpt2's own words`() throws {
    let gpt2 = try read(
      """
      {"model_type": "gpt2", "n_embd": 64, "n_layer": 4, "n_head": 4, "n_positions": 64, "n_inner": null,
       "vocab_size": 512, "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new"}
      """)
    #expect(gpt2.intermediateSize == 256)
    #expect(gpt2.rope == nil)
    #expect(gpt2.tiedEmbeddings)
    #expect(gpt2.activation == .geluTanh)
  }

  @Test func `takes the end tokens of the generation configuration first`() throws {
    let config = "{\"model_type\": \"llama\", \(Self.sizes), \"eos_token_id\": 2}"
    #expect(try read(config).endTokens == [2])
    #expect(try read(config, generation: #"{"eos_token_id": [5, 6]}"#).endTokens == [5, 6])
    #expect(try read(config, generation: "{}").endTokens == [2])
  }

  @Test func `reads Phi's two sets of factors`() throws {
    let short = [Int](repeating: 1, count: 8).description
    let phi = try read(
      """
      {"model_type": "phi3", \(Self.sizes), "original_max_position_embeddings": 64, "rope_scaling":
       {"type": "longrope", "short_factor": \(short), "long_factor": \(short)}}
      """)
    guard case .longrope(let scaling)? = phi.rope?.scaling else {
      Issue.record("no longrope")
      return
    }
    #expect(scaling.originalContext == 64)
    #expect(abs(scaling.attentionFactor - (1 + 1.0 / 3).squareRoot()) < 1e-12)
  }

  @Test func `slides only where the configuration means it`() throws {
    let window = "\"sliding_window\": 8"
    #expect(
      try read(
        "{\"model_type\": \"qwen2\", \(Self.sizes), \(window), \"use_sliding_window\": false}"
      )
      .slidingWindow == nil)
    let qwen = try read(
      "{\"model_type\": \"qwen2\", \(Self.sizes), \(window), \"use_sliding_window\": true, \"max_window_layers\": 3}"
    )
    #expect(qwen.attentionSpans == [.full, .full, .full, .sliding])
    let mistral = try read("{\"model_type\": \"mistral\", \(Self.sizes), \(window)}")
    #expect(mistral.attentionSpans == [.sliding, .sliding, .sliding, .sliding])
    #expect(try read("{\"model_type\": \"mistral\", \(Self.sizes)}").slidingWindow == 4_096)
    let off = "{\"model_type\": \"mistral\", \(Self.sizes), \"sliding_window\": null}"
    #expect(try read(off).slidingWindow == nil)
    #expect(
      try read("{\"model_type\": \"qwen3\", \(Self.sizes), \(window)}").slidingWindow == nil)
  }

  @Test(arguments: [
    #"{"eos_token_id": "x"}"#, #"{"eos_token_id": [1, "2"]}"#, #"{"eos_token_id": -1}"#,
    #"{"temperature": "hot"}"#, #"{"top_p": 2.0}"#, #"{"do_sample": 1}"#, "[1]", "3", "\"x\"",
  ])
  func `what is wrong in generation_config.json is refused by that file's name`(text: String)
    throws
  {
    let model = "{\"model_type\": \"llama\", \(Self.sizes)}"
    let error = #expect(throws: CheckpointError.self) { try read(model, generation: text) }
    #expect(error?.file == "generation_config.json")
  }

  @Test(arguments: [#""2""#, #"[1, "2"]"#, "[[1]]", "1.5"])
  func `a mistyped end of texts is refused though generation_config.json wins`(value: String) throws
  {
    let model = "{\"model_type\": \"llama\", \(Self.sizes), \"eos_token_id\": \(value)}"
    let error = try #require(throws: CheckpointError.self) {
      try read(model, generation: #"{"eos_token_id": [7, 8]}"#)
    }
    #expect(error.subject == .field("eos_token_id") && error.file == "config.json")
    let right = "{\"model_type\": \"llama\", \(Self.sizes), \"eos_token_id\": 2}"
    #expect(try read(right, generation: #"{"eos_token_id": [7, 8]}"#).endTokens == [7, 8])
  }

  @Test(arguments: ["gemma2", "gemma3_text", "olmo3", "gpt_oss", "cohere2"])
  func `a family of both kinds of layers needs a window even where none slides`(family: String)
    throws
  {
    let full = Array(repeating: "\"full_attention\"", count: 4).joined(separator: ", ")
    let members = "\"model_type\": \"\(family)\", \(Self.sizes), \"layer_types\": [\(full)]"
    #expect(try read("{\(members), \"sliding_window\": 8}").slidingWindow == nil)
    #expect(
      try refused("\(members), \"sliding_window\": null").subject == .field("sliding_window"))
  }

  @Test(arguments: [
    ("num_hidden_layers", "0"), ("num_hidden_layers", "1025"), ("num_hidden_layers", "-1"),
    ("num_hidden_layers", "1.5"), ("num_hidden_layers", "\"4\""), ("num_hidden_layers", "1e30"),
    ("hidden_size", "4611686018427387904"), ("hidden_size", "null"), ("vocab_size", "[]"),
    ("num_attention_heads", "3"), ("num_key_value_heads", "3"), ("num_key_value_heads", "0"),
    ("rms_norm_eps", "-1"), ("rms_norm_eps", "Infinity"), ("rms_norm_eps", "NaN"),
    ("rope_theta", "0"), ("eos_token_id", "-1"), ("tie_word_embeddings", "1"),
    ("max_position_embeddings", "2147483648"), ("hidden_act", "\"mish\""), ("head_dim", "0"),
    ("partial_rotary_factor", "2"), ("model_type", "7"),
  ])
  func `refuses values beyond their limits by name`(_ field: String, _ value: String) throws {
    let others = Self.sizes.replacing("\"\(field)\":", with: "\"_\":")
    let model = field == "model_type" ? "" : "\"model_type\": \"llama\","
    let error = try refused("\(model) \(others), \"\(field)\": \(value)")
    #expect(error.subject == .field(field))
    #expect(!error.expected.isEmpty)
  }

  @Test(arguments: [
    #""layer_types": ["full_attention"], "sliding_window": 8"#,
    #""layer_types": "full_attention""#,
    #""rope_scaling": {"rope_type": "dynamic"}"#,
    #""rope_scaling": {"rope_type": "llama3", "factor": 8}"#,
    #""rope_scaling": {"rope_type": "linear"}"#,
    #""rope_scaling": {"rope_type": "longrope", "short_factor": [1], "long_factor": [1]}"#,
  ])
  func `refuses what does not fit together`(_ members: String) throws {
    let error = try refused("\"model_type\": \"llama\", \(Self.sizes), \(members)")
    #expect(error.subject != .file)
  }

  @Test func `lists what it does not understand, and applies none of it`() throws {
    let plain = try read("{\"model_type\": \"llama\", \(Self.sizes)}")
    var strange = try read(
      """
      {"model_type": "llama", \(Self.sizes), "attn_logit_softcapping": 50.0, "hidden_dropout": 0.5,
       "sliding_window": 8, "max_length": 20, "rope_scaling": {"rope_type": "default", "odd": 3}}
      """)
    #expect(
      strange.unknownFields == [
        "attn_logit_softcapping", "hidden_dropout", "sliding_window", "rope_scaling.odd",
      ])
    strange.unknownFields = []
    #expect(strange == plain)
  }

  @Test func `takes a family's own defaults where a file is silent`() throws {
    let qwen = try read(#"{"model_type": "qwen3", "num_attention_heads": 32}"#)
    #expect((qwen.headDimension, qwen.normEpsilon, qwen.rope?.theta) == (128, 1e-6, 10_000))
    #expect(try read(#"{"model_type": "llama"}"#).normEpsilon == 1e-6)
    #expect(try read(#"{"model_type": "phi3"}"#).normEpsilon == 1e-5)
    let gemma = try read(#"{"model_type": "gemma3_text"}"#)
    #expect((gemma.rope?.theta, gemma.slidingRope?.theta) == (1_000_000, 10_000))
    let oss = try read(#"{"model_type": "gpt_oss"}"#)
    guard case .yarn(let scaling)? = oss.rope?.scaling else {
      Issue.record("no YaRN")
      return
    }
    #expect((scaling.factor, scaling.truncate, oss.rope?.theta) == (32, false, 150_000))
  }

  @Test func `refuses a key that has only one value, and null where a value must stand`() throws {
    #expect(
      try refused("\"model_type\": \"gpt2\", \"add_cross_attention\": true").subject
        == .field("add_cross_attention"))
    #expect(
      try refused("\"model_type\": \"llama\", \"rms_norm_eps\": null").subject
        == .field("rms_norm_eps"))
  }

  @Test func `describes a family it does not know, so that it can be refused by name`() throws {
    let unknown = try read(#"{"model_type": "mamba", "d_model": 7, "hidden_act": "odd"}"#)
    #expect(unknown.architecture == "mamba")
  }

  @Test(arguments: ["[]", "7", "{}", #"{"model_type": null}"#])
  func `refuses configurations without a family`(_ text: String) throws {
    #expect(throws: CheckpointError.self) { try read(text) }
  }

  // MARK: GGUF

  private func gguf(_ change: (inout GGUFBuilder) -> Void = { _ in }) throws -> ModelConfiguration {
    var builder = GGUFBuilder.tinyLlama()
    change(&builder)
    let mapping = try Mapping(path: try folder.write("m.gguf", builder.bytes()))
    return try ModelConfiguration(gguf: try GGUFFile(mapping))
  }

  @Test func `reads GGUF's keys`() throws {
    let llama = try gguf()
    #expect(llama.architecture == "llama")
    #expect((llama.layers, llama.heads, llama.keyValueHeads, llama.headDimension) == (1, 2, 1, 16))
    #expect(llama.vocabularySize == 4)
    #expect(llama.interleavedRotation)
    #expect(llama.tiedEmbeddings)
    #expect(llama.endTokens == [3])
    #expect(llama.rope == RopeConfiguration(theta: 10_000, rotaryDimension: 16, scaling: .none))
  }

  @Test func `takes one size where a list has it for every layer, and refuses any other list`()
    throws
  {
    func heads(_ list: [Int32], layers: UInt32) throws -> Int {
      try gguf {
        $0.fields.removeAll {
          $0.0 == "llama.attention.head_count_kv" || $0.0 == "llama.block_count"
        }
        $0.fields.append(("llama.block_count", .uint32(layers)))
        $0.fields.append(("llama.attention.head_count_kv", .int32s(list)))
      }.keyValueHeads
    }
    #expect(try heads([2, 2], layers: 2) == 2)
    #expect(try heads([1], layers: 1) == 1)
    for list in [[2, 1], [2], [2, 2, 2], []] as [[Int32]] {
      let error = #expect(throws: CheckpointError.self) { try heads(list, layers: 2) }
      #expect(error?.subject == .field("attention.head_count_kv"), "\(list)")
    }
  }

  @Test func `what another name overrules is read all the same`() throws {
    let flags = #""no_rope_layers": [1, 0, 1, 0], "no_rope_layer_interval""#
    let smol = "\"model_type\": \"smollm3\", \(Self.sizes), \(flags)"
    #expect(try read("{\(smol): 0}").unrotatedLayers == [1, 3])
    #expect(try refused("\(smol): null").subject == .field("no_rope_layer_interval"))
    for family in ["gemma3_text", "olmo3"] {
      let error = try refused(
        "\"model_type\": \"\(family)\", \(Self.sizes), \"sliding_window\": 8, "
          + #""rope_scaling": {"rope_type": "linear", "factor": 2.0}, "#
          + #""rope_parameters": {"sliding_attention": {"rope_type": "default"}}"#)
      #expect(error.subject == .field("rope_parameters.full_attention"))
    }
  }

  @Test func `what does not go together is refused by the format's own names`() throws {
    let error = #expect(throws: CheckpointError.self) {
      try gguf { $0.fields.append(("llama.expert_count", .uint32(4))) }
    }
    #expect(error?.subject == .field("expert_used_count"))
    let odd = try refused("\"model_type\": \"llama\", \(Self.sizes), \"head_dim\": 15")
    #expect(odd.subject == .field("head_dim"))
  }

  @Test func `reads sliding layers by period and by flags`() throws {
    func spans(_ pattern: GGUFBuilder.Value?) throws -> [ModelConfiguration.AttentionSpan] {
      try gguf {
        $0.fields.removeAll { $0.0 == "llama.block_count" }
        $0.fields += [
          ("llama.block_count", .uint32(4)), ("llama.attention.sliding_window", .uint32(8)),
        ]
        if let pattern { $0.fields.append(("llama.attention.sliding_window_pattern", pattern)) }
      }.attentionSpans
    }
    #expect(try spans(nil) == [.sliding, .sliding, .sliding, .sliding])
    #expect(try spans(.uint32(2)) == [.sliding, .full, .sliding, .full])
    let flags = GGUFBuilder.little(UInt32(7)) + GGUFBuilder.little(UInt64(4)) + [1, 1, 0, 1]
    #expect(try spans(.raw(type: 9, bytes: flags)) == [.sliding, .sliding, .full, .sliding])
    let few = GGUFBuilder.little(UInt32(7)) + GGUFBuilder.little(UInt64(1)) + [1]
    #expect(throws: CheckpointError.self) { try spans(.raw(type: 9, bytes: few)) }
  }

  @Test func `passes over GGUF keys it does not know, and lists those of the model`() throws {
    let huge = GGUFBuilder.little(UInt64.max)
    let nested =
      GGUFBuilder.little(UInt32(9)) + GGUFBuilder.little(UInt64(2))
      + (0..<2).flatMap { _ in
        GGUFBuilder.little(UInt32(4)) + GGUFBuilder.little(UInt64(1))
          + GGUFBuilder.little(UInt32(7))
      }
    let llama = try gguf {
      $0.fields += [
        ("general.odd", .raw(type: 10, bytes: huge)), ("llama.odd", .raw(type: 10, bytes: huge)),
        ("llama.odder", .raw(type: 9, bytes: nested)), ("other.key", .uint32(1)),
      ]
    }
    #expect(llama.unknownFields == ["llama.odd", "llama.odder", "other.key"])
  }

  @Test(arguments: [
    ("llama.attention.scale", GGUFBuilder.Value.float32(0.5)),
    ("llama.logit_scale", .float32(0.25)), ("llama.attention.causal", .bool(0)),
    ("llama.attn_logit_softcapping", .float32(50)), ("llama.expert_shared_count", .uint32(1)),
    ("llama.attention.q_lora_rank", .uint32(4)), ("llama.attention.value_length", .uint32(8)),
    ("llama.rope.dimension_count", .float32(.nan)),
    ("llama.attention.layer_norm_rms_epsilon", .string("1e-5")),
    ("llama.context_length", .raw(type: 10, bytes: GGUFBuilder.little(UInt64.max))),
  ])
  func `refuses GGUF keys whose arithmetic it has not`(_ key: String, _ value: GGUFBuilder.Value)
    throws
  {
    let error = try #require(throws: CheckpointError.self) {
      try gguf {
        $0.fields.removeAll { $0.0 == key }
        $0.fields.append((key, value))
      }
    }
    #expect(key.hasSuffix(error.subject.name))
  }

  @Test(arguments: [
    "llama.block_count", "llama.embedding_length", "llama.attention.head_count",
    "llama.context_length", "llama.feed_forward_length", "general.architecture",
  ])
  func `refuses a GGUF file without a needed key`(_ key: String) throws {
    let error = try #require(throws: CheckpointError.self) {
      try gguf { $0.fields.removeAll { $0.0 == key } }
    }
    #expect(error.kind == .missing)
    #expect(key.hasSuffix(error.subject.name))
  }
}

extension CheckpointError.Subject {
  /// The field's or tensor's name.
  var name: String {
    switch self {
    case .file: ""
    case .field(let name), .tensor(let name): name
    }
  }
}
