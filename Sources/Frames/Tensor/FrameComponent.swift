/// Which quantity of a layer a frame holds, by number; the names are those of the REST contract.
public struct FrameComponent: RawRepresentable, Hashable, Sendable {
  /// The number.
  public let rawValue: UInt16

  /// Takes a number, known here or not.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// A quantity without a number of its own; the hook list says what it is.
  public static let other = Self(rawValue: 0)

  /// The names in order of their numbers, from 1; new ones are only ever added at the end.
  private static let names = [
    "residual", "attention", "mlp", "moe", "expert", "embedding", "layernorm", "query", "key",
    "value", "attention_scores", "attention_pattern", "final_norm", "logits", "router_logits",
    "router_experts", "router_weights", "attention_sink",
  ]

  /// The component of that name; `other` for a name without a number.
  public init(name: String) {
    let index = Self.names.firstIndex(of: name)
    self.init(rawValue: index.map { UInt16($0 + 1) } ?? 0)
  }

  /// The contract's name; nil for `other` and for numbers of a later version.
  public var name: String? {
    rawValue >= 1 && rawValue <= Self.names.count ? Self.names[Int(rawValue) - 1] : nil
  }
}
