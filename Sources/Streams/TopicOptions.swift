/// What a viewer is owed when it is slow.
package enum ViewerPolicy: String, Sendable, CaseIterable {
  /// Old frames are dropped and announced in a `gap`; events never are.
  case conflate
  /// Nothing is dropped: the run waits.
  case lossless
  /// The viewer is sent away and may resume.
  case disconnect
}

/// How a viewer joins.
package struct Subscription: Sendable {
  /// What it is owed when it is slow.
  package var policy: ViewerPolicy
  /// The first number it wants; nil for only what comes from now on.
  package var from: UInt64?
  /// Bytes it may be behind before its policy speaks; nil for the topic's own bound.
  package var lag: Int?
  /// Whether the run goes on for its sake; false for an onlooker such as a recorder.
  package var keepsRunAlive: Bool

  /// Describes a viewer that wants everything there is, from the start.
  package init(
    policy: ViewerPolicy = .conflate, from: UInt64? = 0, lag: Int? = nil,
    keepsRunAlive: Bool = true
  ) {
    self.policy = policy
    self.from = from
    self.lag = lag
    self.keepsRunAlive = keepsRunAlive
  }
}

/// Bounds of one topic, in bytes.
package struct TopicLimits: Sendable {
  /// What the ring holds for late joiners and resumption.
  package var ring = 16 << 20
  /// How far behind a viewer may be before its policy speaks.
  package var lag = 1 << 20
  /// What each viewer beyond the first adds to the time between two rounds of waking them.
  package var rest: Duration = .milliseconds(1)
  /// What that time comes to at most.
  package var longestRest: Duration = .milliseconds(100)

  /// The bounds used when nothing is configured.
  package init() {}
}

/// What a topic tells the run it belongs to; called from any thread, with no lock held.
package struct TopicSignals: Sendable {
  /// The last viewer that kept the run alive has left.
  package var lastViewerLeft: @Sendable () -> Void = {}
  /// A lossless viewer is behind (true: stop producing) or has caught up (false: go on).
  package var held: @Sendable (Bool) -> Void = { _ in }
  /// The JSON of the `gap` event for one viewer.
  package var describeGap: @Sendable (Gap) -> [UInt8]
  /// Runs something after a while, for viewers that are woken in rounds; without it, everybody is woken at once.
  package var later: (@Sendable (Duration, @escaping @Sendable () -> Void) -> Void)?

  /// Collects the signals.
  package init(
    lastViewerLeft: @escaping @Sendable () -> Void = {},
    held: @escaping @Sendable (Bool) -> Void = { _ in },
    describeGap: @escaping @Sendable (Gap) -> [UInt8],
    later: (@Sendable (Duration, @escaping @Sendable () -> Void) -> Void)? = nil
  ) {
    self.lastViewerLeft = lastViewerLeft
    self.held = held
    self.describeGap = describeGap
    self.later = later
  }
}
