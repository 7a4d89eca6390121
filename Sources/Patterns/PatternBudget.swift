/// The steps that searches with patterns from a checkpoint may take for one text.
///
/// A pattern may try ways without end on a text that is made for it; steps are counted, so that where a search
/// ends depends on the text and the pattern and not on a clock.
package struct PatternBudget: Sendable {
  /// What published patterns take is some forty steps a byte.
  package static let stepsOfByte = 256
  private let most: Int
  private var taken = 0

  /// - Parameters:
  ///   - bytes: how long the text is.
  ///   - least: what a short text may take all the same.
  package init(bytes: Int, least: Int = 1 << 20) {
    let (steps, overflow) = bytes.multipliedReportingOverflow(by: Self.stepsOfByte)
    most = overflow || steps > .max - least ? .max : steps + least
  }

  /// As many as it takes, for texts that come from nobody outside.
  package static let unbounded: PatternBudget = {
    var budget = PatternBudget(bytes: .max)
    budget.endsEarly = false
    return budget
  }()

  /// Whether the search ends where its task is cancelled.
  private var endsEarly = true

  /// Whether whoever asked for the search has left.
  package var isGivenUp: Bool { endsEarly && Task.isCancelled }

  /// Counts steps of a search with a pattern.
  ///
  /// - Throws: `PatternOverrun` if there are none left, or if the task is cancelled.
  mutating func take(_ steps: Int, _ pattern: String) throws(PatternOverrun) {
    let before = taken
    let (sum, overflow) = taken.addingReportingOverflow(steps)
    guard !overflow, sum <= most else { throw PatternOverrun(pattern: pattern, steps: most) }
    taken = sum
    if endsEarly, before >> 16 != taken >> 16, Task.isCancelled {
      throw PatternOverrun(pattern: pattern, steps: taken)
    }
  }
}

/// A search that was given up.
package struct PatternOverrun: Error, Equatable, Sendable {
  package var pattern: String
  package var steps: Int
}
