/// What one client may have at most; what is not named is bounded by what the server allows to one.
package struct ClientLimits: Sendable, Hashable {
  /// What can be limited, as files and answers name it.
  package enum Name: String, Sendable, CaseIterable {
    /// Runs that a model computes, paused ones too, and harvests.
    case runs
    /// Generations that have not begun when a request wants another one.
    case queued
    /// Tokens of prompts that are computed, and generated ones.
    case tokensPerMinute = "tokens_per_minute"
    case connections
    /// Bytes that the captures of one request may weigh.
    case captureBytes = "capture_bytes"
  }

  private var values: [Name: Int] = [:]

  package init() {}

  package subscript(name: Name) -> Int? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// Those that are set, in the order of their names.
  package var all: [(name: Name, value: Int)] {
    Name.allCases.compactMap { name in values[name].map { (name, $0) } }
  }
}

/// A client has as much of something as it may.
package struct LimitReached: Error, Sendable, Hashable {
  /// Who has.
  package var client: String
  package var name: ClientLimits.Name
  package var allowed: Int
  /// Seconds after which there may be room again.
  package var retryAfter = 1
}
