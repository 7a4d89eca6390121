/// Lays out a GGUF file in memory, right or deliberately wrong.
struct GGUFBuilder {
  /// A metadata value.
  enum Value {
    case uint32(UInt32)
    case float32(Float)
    case bool(UInt8)
    case string(String)
    case strings([String])
    case int32s([Int32])
    case float32s([Float])
    case raw(type: UInt32, bytes: [UInt8])
  }

  struct Tensor {
    var name: String
    /// Innermost first, as in the file.
    var extents: [UInt64]
    var type: UInt32
    var bytes: [UInt8]
    /// In place of the one that is right.
    var offset: UInt64?
  }

  var magic: [UInt8] = Array("GGUF".utf8)
  var version: UInt32 = 3
  var fields: [(String, Value)] = []
  var tensors: [Tensor] = []
  var tensorCount: UInt64?
  var fieldCount: UInt64?
  var alignment = 32
  /// Bytes behind the tensors.
  var tail = 0

  func bytes() -> [UInt8] {
    var out = magic + Self.little(version)
    out += Self.little(tensorCount ?? UInt64(tensors.count))
    out += Self.little(fieldCount ?? UInt64(fields.count))
    for (key, value) in fields { out += Self.text(key) + Self.bytes(value) }
    var next: UInt64 = 0
    for tensor in tensors {
      out += Self.text(tensor.name) + Self.little(UInt32(tensor.extents.count))
      for extent in tensor.extents { out += Self.little(extent) }
      out += Self.little(tensor.type) + Self.little(tensor.offset ?? next)
      next += UInt64(padded(tensor.bytes.count))
    }
    out += [UInt8](repeating: 0, count: padded(out.count) - out.count)
    for tensor in tensors {
      out += tensor.bytes
      out += [UInt8](repeating: 0, count: padded(tensor.bytes.count) - tensor.bytes.count)
    }
    out += [UInt8](repeating: 0, count: tail)
    return out
  }

  private func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

  static func little(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  static func text(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + text.utf8 }

  private static func bytes(_ value: Value) -> [UInt8] {
    switch value {
    case .uint32(let number): little(UInt32(4)) + little(number)
    case .float32(let number): little(UInt32(6)) + little(number.bitPattern)
    case .bool(let byte): little(UInt32(7)) + [byte]
    case .string(let string): little(UInt32(8)) + text(string)
    case .strings(let list):
      little(UInt32(9)) + little(UInt32(8)) + little(UInt64(list.count)) + list.flatMap(text)
    case .int32s(let list):
      little(UInt32(9)) + little(UInt32(5)) + little(UInt64(list.count))
        + list.flatMap { little($0) }
    case .float32s(let list):
      little(UInt32(9)) + little(UInt32(6)) + little(UInt64(list.count))
        + list.flatMap { little($0.bitPattern) }
    case .raw(let type, let bytes): little(type) + bytes
    }
  }
}

extension GGUFBuilder {
  /// A llama of one layer, two heads and four tokens: small enough to damage at every byte.
  static func tinyLlama() -> GGUFBuilder {
    var file = GGUFBuilder()
    file.fields = [
      ("general.architecture", .string("llama")), ("llama.block_count", .uint32(1)),
      ("llama.context_length", .uint32(64)), ("llama.embedding_length", .uint32(32)),
      ("llama.feed_forward_length", .uint32(32)), ("llama.attention.head_count", .uint32(2)),
      ("llama.attention.head_count_kv", .uint32(1)),
      ("llama.attention.layer_norm_rms_epsilon", .float32(1e-5)),
      ("llama.rope.freq_base", .float32(10_000)), ("tokenizer.ggml.model", .string("gpt2")),
      ("tokenizer.ggml.pre", .string("smollm")),
      ("tokenizer.ggml.tokens", .strings(["a", "b", "ab", "<|end|>"])),
      ("tokenizer.ggml.token_type", .int32s([1, 1, 1, 3])),
      ("tokenizer.ggml.scores", .float32s([0, 0, 0, 0])),
      ("tokenizer.ggml.merges", .strings(["a b"])), ("tokenizer.ggml.eos_token_id", .uint32(3)),
      ("tokenizer.ggml.add_bos_token", .bool(0)), ("tokenizer.chat_template", .string("{{ x }}")),
    ]
    // 2 is Q4_0 (18 bytes for 32 numbers), 0 is F32.
    file.tensors = [
      Tensor(
        name: "token_embd.weight", extents: [32, 4], type: 2,
        bytes: [UInt8](repeating: 0x3C, count: 72)),
      Tensor(
        name: "output_norm.weight", extents: [32], type: 0,
        bytes: [UInt8](repeating: 0, count: 128)),
    ]
    return file
  }
}
