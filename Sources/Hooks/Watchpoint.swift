/// A condition that a run's passes are watched for, and what is done in a pass in which it holds.
package struct Watchpoint: Sendable, Hashable {
  /// What is looked at.
  package enum Subject: Sendable, Hashable {
    /// The numbers of a hook's tensor, reduced as it says; named as the client named it.
    case rows(CaptureSpec)
    /// How little likely the chosen token was: minus the logarithm of its probability, in nats.
    case surprise
    /// The text that the chosen token stands for.
    case text
  }

  /// When it fires; no comparison holds for a number that is none.
  package enum Condition: Sendable, Hashable {
    /// A number is greater.
    case above(Double)
    /// A number is less.
    case below(Double)
    /// A number is at least so far from that of the position watched before.
    case changesBy(Double)
    /// A number is infinite or none.
    case notFinite
    /// The text holds this.
    case contains(String)
  }

  /// What is done.
  package enum Action: String, Sendable, CaseIterable {
    /// The run stands still before its next pass.
    case pause
    /// It is told.
    case mark
    /// It is told with the whole row, as it was before it was reduced.
    case snapshot
  }

  package let subject: Subject
  package let condition: Condition
  package let action: Action

  package init(_ subject: Subject, _ condition: Condition, _ action: Action = .pause) {
    self.subject = subject
    self.condition = condition
    self.action = action
  }

  /// What it must see of the run's passes: like what analyses read, nobody's tensor.
  package var capture: CaptureSpec? {
    guard case .rows(let spec) = subject else { return nil }
    return CaptureSpec(
      hookID: "", layerName: spec.point.name, component: spec.point.site.component, isInput: false,
      point: spec.point, selection: spec.selection)
  }

  /// Whether the condition holds of a number; `before` is that of the position watched before, if there is one.
  func holds(_ number: Float, before: Float?) -> Bool {
    switch condition {
    case .above(let threshold): Double(number) > threshold
    case .below(let threshold): Double(number) < threshold
    case .changesBy(let least): before.map { abs(Double(number) - Double($0)) >= least } ?? false
    case .notFinite: !number.isFinite
    case .contains: false
    }
  }
}

/// A watch whose condition held in a pass.
package struct WatchFiring: Sendable, Equatable {
  /// A position's numbers before they were reduced, row-major.
  package struct Row: Sendable, Equatable {
    package let shape: [Int]
    package let values: [Float]
  }

  /// The place of the watch in the list of the run's.
  package let watch: Int
  package let step: Int
  /// The first position of the pass in which it held; of a token its own.
  package let position: Int
  /// Where the number is among those of the position, along the axes of the hook's tensor besides batch and positions;
  /// the first one of which it held.
  package var index: [Int] = []
  /// The number; nil of a text.
  package var value: Float?
  /// The number that it is compared with, where that is of the position watched before.
  package var before: Float?
  /// In how many positions of the pass it held.
  package var count = 1
  package var row: Row?
  /// The token, of watches that look at tokens.
  package var token: Int32?
  package var text: String?
}
