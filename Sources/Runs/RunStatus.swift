/// Where a run stands.
///
/// | occasion | queued | running | paused | over |
/// |---|---|---|---|---|
/// | computed: some of the prompt, or a token | running | running | paused | stays |
/// | resumed | running | running | running | stays |
/// | paused, or rewound | paused | paused | paused | stays |
/// | cancelled by a client | cancelled | cancelled | cancelled | stays |
/// | ended by the engine, whose word is the last | its word | its word | its word | its word |
package enum RunStatus: String, Sendable {
  case queued, running, paused, finished, cancelled, failed

  /// What befalls a run.
  enum Occasion: Sendable {
    case computed, resumed, paused, cancelled
    case ended(RunStatus)
  }

  /// Whether nothing more will happen in it.
  package var isOver: Bool { self == .finished || self == .cancelled || self == .failed }

  /// Where it stands after an occasion, by the table.
  func after(_ occasion: Occasion) -> RunStatus {
    switch (occasion, self) {
    case (.ended(let word), _): word
    case (_, .finished), (_, .cancelled), (_, .failed): self
    case (.computed, .paused): .paused
    case (.computed, _), (.resumed, _): .running
    case (.paused, _): .paused
    case (.cancelled, _): .cancelled
    }
  }
}
