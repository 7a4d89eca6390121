/// The documented components, as requests name them (in any case).
package enum HookComponent: String, Sendable, CaseIterable {
  case residual
  case attention
  case mlp
  case moe
  case expert
  case embedding
  case layernorm
  case query
  case key
  case value
  case attentionScores = "attention_scores"
  case attentionPattern = "attention_pattern"
  case finalNorm = "final_norm"
  case logits
  case attentionSink = "attention_sink"

  /// Reads a component as clients write it: any case, and the two aliases of the contract.
  package init?(name: String) {
    let folded = name.lowercased()
    switch folded {
    case "attentionweights", "attention_weights": self = .attentionPattern
    default:
      guard let known = HookComponent(rawValue: folded) else { return nil }
      self = known
    }
  }
}

/// The named axes of a captured tensor, after the leading batch axis of size 1.
package enum HookAxis: String, Sendable {
  case position = "pos"
  case model = "d_model"
  case head
  case keyValueHead = "kv_head"
  case headDimension = "d_head"
  case queryPosition = "query_pos"
  case keyPosition = "key_pos"
  case neuron = "d_mlp"
  case expert
  case chosen = "top_k"
  /// The places of a router's choice, the likeliest expert first, in front of other axes.
  case choice
  /// Of size 1: the expert that all positions share.
  case shared
  case vocabulary = "d_vocab"
}
