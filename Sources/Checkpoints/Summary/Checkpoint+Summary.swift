extension Checkpoint {
  /// Counts what is there.
  package var summary: CheckpointSummary {
    let shape = configuration
    return CheckpointSummary(
      format: format, path: path, fileBytes: fileBytes, tensorCount: tensorNames.count,
      parameterCount: parameterCount, quantization: quantization, contentHash: contentHash,
      configuration: shape, codings: codings, tokenizer: tokenizerKind,
      hasChatTemplate: chatTemplate != nil,
      memory: MemoryEstimate(
        mapped: fileBytes, repacked: repackedBytes,
        // At most 2^10 layers of 2^12 heads of 2^20 numbers.
        cacheNumbersPerPosition: 2 * shape.layers * shape.keyValueHeads * shape.headDimension),
      tensorsAside: tensorsAside, notes: notes, adapter: adapter?.facts)
  }

  private var tokenizerKind: CheckpointSummary.TokenizerKind {
    switch tokenizer {
    case .none: .none
    case .directory: .huggingFace
    case .gguf(let fields):
      .gguf(model: fields.model, pre: fields.pre, tokens: fields.tokens.count)
    }
  }

  private var codings: [CheckpointSummary.Coding] {
    var table: [String: CheckpointSummary.Coding] = [:]
    for name in tensorNames {
      guard let entry = tensors.peek(name) else { continue }
      let coding = coding(of: entry)
      var row =
        table[coding.name]
        ?? CheckpointSummary.Coding(name: coding.name, tensors: 0, parameters: 0, bytes: 0)
      row.tensors += coding.isPart ? 0 : 1
      row.parameters += coding.parameters
      row.bytes += entry.range.count
      table[coding.name] = row
    }
    return table.values.sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }
  }

  /// Bytes that no product can walk where they lie: gpt2's and gpt_oss's input-first matrices.
  private var repackedBytes: Int {
    guard isInputFirst else { return 0 }
    return tensors.values.reduce(0) { sum, entry in
      let isConv1D =
        configuration.architecture == "gpt2" && entry.shape.count == 2
        && entry.name.contains(".c_")
      let isExpert = entry.shape.count == 3 && entry.name.hasSuffix("_proj")
      return sum + (isConv1D || isExpert ? entry.range.count : 0)
    }
  }
}

extension Checkpoint {
  /// How a tensor's numbers are stored, and how many of the model's they are.
  ///
  /// - Returns: `isPart` is true for scales and biases of a quantised matrix, which are no tensors of the model.
  func coding(of entry: TensorEntry) -> (name: String, parameters: Int, isPart: Bool) {
    let name = entry.name
    for suffix in [".weight", ".scales", ".biases"] where name.hasSuffix(suffix) {
      let module = String(name.dropLast(suffix.count))
      guard let mlx, tensors.peek(module + ".scales") != nil,
        tensors.peek(module + ".weight") != nil
      else {
        continue
      }
      let setting = mlx.setting(for: module)
      let label = setting.mode == .mxfp4 ? "MXFP4" : "\(setting.bits)-bit g\(setting.group)"
      let isPart = suffix != ".weight"
      return (label, isPart ? 0 : entry.range.count * 8 / setting.bits, isPart)
    }
    if name.hasSuffix("_blocks") || name.hasSuffix("_scales"), entry.type == .u8 {
      let isPart = name.hasSuffix("_scales")
      return ("MXFP4", isPart ? 0 : 2 * entry.elementCount, isPart)
    }
    let isNoParameter = SafetensorsFormat.isMask(entry) || name.hasPrefix("rope_f")
    return (entry.type.name, isNoParameter ? 0 : entry.elementCount, isNoParameter)
  }
}
