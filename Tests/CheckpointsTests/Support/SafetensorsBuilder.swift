/// Lays out a safetensors file in memory, right or deliberately wrong.
struct SafetensorsBuilder {
  struct Tensor {
    var name: String
    var dtype: String
    var shape: [Int]
    var bytes: [UInt8]
  }

  var tensors: [Tensor] = []
  var metadata: String?

  /// The header's text, offsets counted.
  var header: String {
    var next = 0
    var members = metadata.map { ["\"__metadata__\":\($0)"] } ?? []
    for tensor in tensors {
      let end = next + tensor.bytes.count
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\"\(tensor.name)\":{\"dtype\":\"\(tensor.dtype)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(next),\(end)]}")
      next = end
    }
    return "{" + members.joined(separator: ",") + "}"
  }

  func bytes() -> [UInt8] { Self.bytes(header: header, data: tensors.flatMap(\.bytes)) }

  static func bytes(header: String, data: [UInt8]) -> [UInt8] {
    GGUFBuilder.little(UInt64(header.utf8.count)) + header.utf8 + data
  }
}

extension SafetensorsBuilder {
  /// `config.json` of the tiny models below.
  static let tinyConfig = """
    {"model_type": "llama", "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
     "num_key_value_heads": 1, "intermediate_size": 32, "vocab_size": 4,
     "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
     "tie_word_embeddings": true, "eos_token_id": [3, 2]}
    """

  /// An embedding and a norm.
  static func tinyLlama() -> SafetensorsBuilder {
    SafetensorsBuilder(
      tensors: [
        Tensor(
          name: "model.embed_tokens.weight", dtype: "BF16", shape: [4, 32],
          bytes: [UInt8](repeating: 0x3F, count: 256)),
        Tensor(
          name: "model.norm.weight", dtype: "F32", shape: [32],
          bytes: [UInt8](repeating: 0, count: 128)),
      ], metadata: "{\"format\":\"pt\"}")
  }

  /// The same embedding as MLX quantises it, 4 bits in groups of 32.
  static func tinyMLX() -> SafetensorsBuilder {
    SafetensorsBuilder(
      tensors: [
        Tensor(
          name: "model.embed_tokens.weight", dtype: "U32", shape: [4, 4],
          bytes: (0..<64).map { UInt8($0) }),
        Tensor(
          name: "model.embed_tokens.scales", dtype: "F16", shape: [4, 1],
          bytes: [0, 0x3C, 0, 0x40, 0, 0xBC, 0, 0x38]),
        Tensor(
          name: "model.embed_tokens.biases", dtype: "F16", shape: [4, 1],
          bytes: [UInt8](repeating: 0, count: 8)),
      ], metadata: "{\"format\":\"mlx\"}")
  }

  static let tinyMLXConfig: String =
    tinyConfig.dropLast() + ", \"quantization\": {\"group_size\": 32, \"bits\": 4}}"
}
