package import Engine

/// The sampling keys that chat, completions and runs share, with the documented defaults.
package struct SamplingRequest: Sendable, Equatable {
  /// nil where the client left it to the default of 100, which then yields to the room in the context.
  package var maxTokens: Int?
  /// Whether all that the context has room for may be generated.
  package var fillsContext = false
  package var options: SamplingOptions
  package var stop: [String]
  /// Whether the client chose the seed; otherwise it is drawn and reported.
  package var hasSeed: Bool

  /// Whether the model's own end does not end the answer, as for measuring and harvesting.
  package var ignoresEnd: Bool

  package static let defaultMaxTokens = 100

  /// The documented defaults, and a seed that is drawn.
  package init() {
    options = SamplingOptions()
    options.seed = UInt64.random(in: 0..<1 << 53)
    stop = []
    hasSeed = false
    ignoresEnd = false
  }
}
