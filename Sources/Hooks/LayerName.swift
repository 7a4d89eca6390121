/// A layer's name as clients write it, parsed: which module, and of which block.
///
/// Accepts the spellings of Hugging Face, MLX and TransformerLens for every architecture alike.
struct LayerName: Equatable {
  /// The part of the model that a name means.
  enum Module: Equatable {
    case block
    case attention
    case mlp
    case expert(Int)
    case inputNorm
    case postAttentionNorm
    case embedding
    case positionEmbedding
    case finalNorm
    case head
    /// A TransformerLens name, which is one tensor.
    case site(HookSite)

    /// Components that have a tensor in this module.
    var components: [HookComponent] {
      switch self {
      case .block:
        [
          .residual, .attention, .mlp, .moe, .layernorm, .query, .key, .value, .attentionScores,
          .attentionPattern, .attentionSink, .expert,
        ]
      case .attention:
        [
          .attention, .query, .key, .value, .attentionScores, .attentionPattern, .attentionSink,
        ]
      case .mlp: [.mlp, .moe]
      case .expert: [.expert]
      case .inputNorm: [.layernorm]
      case .postAttentionNorm: [.mlp]
      case .embedding: [.embedding]
      case .positionEmbedding: [.embedding]
      case .finalNorm: [.finalNorm]
      case .head: [.logits]
      case .site(let site): [site.component]
      }
    }
  }

  let module: Module
  let layer: Int?

  init?(_ text: String) {
    guard text.utf8.count <= 200 else { return nil }
    if let module = Self.outside[text] {
      self.module = module
      self.layer = nil
      return
    }
    let plain = text.replacingBrackets()
    var parts = plain.split(separator: ".", omittingEmptySubsequences: false)[...]
    for prefix in [["transformer"], ["model"]] where parts.starts(with: prefix.map { $0[...] }) {
      parts = parts.dropFirst(prefix.count)
    }
    guard let stack = parts.popFirst(), ["h", "layers", "blocks", "blk"].contains(stack),
      let index = parts.popFirst(), let layer = Self.index(index)
    else { return nil }
    let rest = parts.joined(separator: ".")
    guard !rest.isEmpty || parts.isEmpty else { return nil }
    guard let module = Self.inside(rest) else { return nil }
    self.module = module
    self.layer = layer
  }

  private static let outside: [String: Module] = {
    var names: [String: Module] = [
      "transformer.wte": .embedding, "wte": .embedding, "embed_tokens": .embedding,
      "model.embed_tokens": .embedding, "token_embd": .embedding,
      "transformer.wpe": .positionEmbedding, "wpe": .positionEmbedding,
      "model.norm": .finalNorm, "norm": .finalNorm, "transformer.ln_f": .finalNorm,
      "ln_f": .finalNorm, "ln_final": .finalNorm, "lm_head": .head, "unembed": .head,
    ]
    for site in HookSite.allCases where !site.isPerLayer {
      names[site.name] = .site(site)
      for alias in site.aliases { names[alias] = .site(site) }
    }
    return names
  }()

  private static let modules: [String: Module] = {
    var names: [String: Module] = [
      "": .block, "self_attn": .attention, "attn": .attention, "attention": .attention,
      "mlp": .mlp, "input_layernorm": .inputNorm, "ln_1": .inputNorm, "ln1": .inputNorm,
      "post_attention_layernorm": .postAttentionNorm, "ln_2": .postAttentionNorm,
      "ln2": .postAttentionNorm,
    ]
    for site in HookSite.allCases where site.isPerLayer && site != .expertOutput {
      names[site.name] = .site(site)
      for alias in site.aliases { names[alias] = .site(site) }
    }
    return names
  }()

  private static func inside(_ rest: String) -> Module? {
    if let module = modules[rest] { return module }
    guard rest.hasPrefix("mlp.experts.") else { return nil }
    return index(rest.dropFirst("mlp.experts.".count)).map { .expert($0) }
  }

  /// A plain decimal index: digits only, at most six of them.
  private static func index(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.count <= 6, text.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 })
    else { return nil }
    return Int(text)
  }
}

extension String {
  /// `layers[3].mlp` as `layers.3.mlp`; other brackets stay, and so fail later.
  fileprivate func replacingBrackets() -> String {
    guard let open = firstIndex(of: "["), let close = self[open...].firstIndex(of: "]") else {
      return self
    }
    return self[..<open] + "." + self[index(after: open)..<close] + self[index(after: close)...]
  }
}
