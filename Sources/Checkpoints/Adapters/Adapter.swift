/// A LoRA adapter, opened: for some modules of a model two thin matrices, and perhaps modules that replace the model's.
///
/// Nothing is merged; see ``LowRankUpdate``. Every tensor must find its module, or the model is refused.
package struct Adapter: Sendable {
  package enum Format: String, Sendable { case peft, gguf }

  package let format: Format
  /// As it was given to ``open(_:)``.
  package let path: String
  /// What takes part in ``ModelIdentity``: `adapter_config.json` where there is one, then the weights.
  package let files: [FileStamp]
  package let fileBytes: Int
  /// Names in its configuration that nothing here understands.
  package let unknownFields: [String]
  /// SHA-256 as of ``Checkpoint/contentHash``.
  package let contentHash: String
  /// By canonical name: `model.layers.0.self_attn.q_proj.lora_A.weight`, `blk.0.attn_q.weight.lora_a`.
  let tensors: TensorTable
  /// In the file's order, by the same names.
  let tensorNames: [String]
  let rules: Rules
  /// GGUF's architecture; nil for PEFT, which does not say.
  let architecture: String?

  /// Where ranks and scales come from.
  enum Rules: Sendable {
    case peft(AdapterConfiguration)
    /// `adapter.lora.alpha`; 0 means a scale of 1.
    case gguf(alpha: Double)
  }

  /// What is known of it, for listings.
  package struct Facts: Sendable, Equatable {
    package let path: String
    package let format: String
    package let fileBytes: Int
    /// Pairs of matrices.
    package let updates: Int
    /// From the thinnest to the widest.
    package let ranks: ClosedRange<Int>
    /// Tensors that replace the model's own.
    package let replacements: [String]
  }

  /// Opens a PEFT folder (or the `.safetensors` file in it) or a GGUF file.
  package static func open(_ path: String) throws(CheckpointError) -> Adapter {
    switch Fence.kind(of: path) {
    case .nothing:
      throw CheckpointError(
        .missing, file: path, .file, expected: "an adapter", found: "nothing")
    case .file:
      let mapping = try Mapping(path: path)
      if GGUFFile.recognises(mapping) { return try openGGUF(mapping, path: path) }
      guard path.hasSuffix(".safetensors") else { break }
      let parts = path.split(separator: "/", omittingEmptySubsequences: false)
      let folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") : "."
      return try openPEFT(folder, weights: path, path: path)
    case .directory:
      if Fence.kind(of: path + "/adapter_config.json") == .file {
        return try openPEFT(path, weights: path + "/adapter_model.safetensors", path: path)
      }
      let names = try Fence.names(in: path).filter { $0.hasSuffix(".gguf") }
      guard names.count == 1, let name = names.first else { break }
      return try openGGUF(try Mapping(path: path + "/" + name), path: path)
    case .other: break
    }
    throw CheckpointError(
      .unsupported, file: path, .file,
      expected:
        "a folder with adapter_config.json and adapter_model.safetensors, or a GGUF adapter",
      found: "neither")
  }

  func missing(_ name: String) -> CheckpointError {
    CheckpointError(
      .missing, file: path, .tensor(name), expected: "a tensor of this name", found: "none")
  }
}

extension Adapter {
  package var facts: Facts {
    let suffixes = Self.upSuffixes(format)
    let ups = tensorNames.filter { name in suffixes.contains(where: name.hasSuffix) }
    let ranks = ups.compactMap { tensors.peek($0)?.shape.last }
    return Facts(
      path: path, format: format.rawValue, fileBytes: fileBytes, updates: ups.count,
      ranks: (ranks.min() ?? 0)...(ranks.max() ?? 0), replacements: replacementNames)
  }

  private static func upSuffixes(_ format: Format) -> [String] {
    format == .gguf ? [".lora_b"] : [".lora_B.weight", ".lora_embedding_B"]
  }

  /// Tensors that are no part of an update.
  var replacementNames: [String] {
    guard format == .peft else { return [] }
    return tensorNames.filter { name in
      !name.hasSuffix(".lora_A.weight") && !name.hasSuffix(".lora_B.weight")
        && !name.hasSuffix(".lora_embedding_A") && !name.hasSuffix(".lora_embedding_B")
    }
  }
}
