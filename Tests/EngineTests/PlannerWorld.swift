import Loops

@testable import Engine

/// Runs that come, are computed as planned, and go: the engine without a model.
struct PlannerWorld {
  struct Run: Equatable {
    let number: Int
    let client: String
    /// Tokens to read, and to generate.
    var prompt: Int
    var left: Int
    /// The pass before which it came, and the one that yielded its first token.
    let came: Int
    var answered: Int?
    fileprivate var slot = 0
    fileprivate var lastPass = 0
    fileprivate let isShort: Bool

    init(number: Int, client: String, prompt: Int, left: Int, came: Int) {
      (self.number, self.client, self.prompt, self.left) = (number, client, prompt, left)
      self.came = came
      isShort = prompt <= 11
    }

    /// A prompt of very few tokens is computed like decoding.
    var isDecoding: Bool { isShort || answered != nil }
    var hasBegun: Bool { lastPass > 0 }
    var pending: Int { answered == nil ? prompt : 1 }
  }

  var planner: PassPlanner
  /// In the order of admission.
  var runs: [Run] = []
  var ended: [Run] = []
  private var next = 0

  init(places: Int = 16) { planner = PassPlanner(places: places) }

  /// The number of the run.
  @discardableResult
  mutating func come(_ client: String, prompt: Int, tokens: Int) -> Int {
    var run = Run(number: next, client: client, prompt: prompt, left: tokens, came: planner.pass)
    run.slot = planner.join(ClientKey(client))
    runs.append(run)
    next += 1
    return run.number
  }

  var candidates: [PassPlanner.Candidate] {
    runs.map {
      PassPlanner.Candidate(
        client: $0.slot, pending: $0.pending, remaining: $0.prompt + $0.left,
        isDecoding: $0.isDecoding, hasBegun: $0.hasBegun, lastPass: $0.lastPass)
    }
  }

  /// One pass; what was planned, by run.
  @discardableResult
  mutating func pass(rows: Int) -> [(run: Run, part: PassPlanner.Part)] {
    planner.plan(candidates, promptRows: rows)
    let planned = planner.parts.map { (run: runs[$0.candidate], part: $0) }
    for part in planner.parts { compute(part) }
    for run in runs where run.left == 0 {
      planner.leave(run.slot)
      ended.append(run)
    }
    runs.removeAll { $0.left == 0 }
    return planned
  }

  private mutating func compute(_ part: PassPlanner.Part) {
    runs[part.candidate].lastPass = planner.pass
    if runs[part.candidate].answered == nil {
      runs[part.candidate].prompt -= part.count
      guard runs[part.candidate].prompt == 0 else { return }
      runs[part.candidate].answered = planner.pass
    }
    runs[part.candidate].left -= 1
  }

  /// Passes from a run's coming to its first token, and to its last; nil where it has not come to that.
  func wait(of number: Int) -> Int? {
    (runs + ended).first { $0.number == number }.flatMap { run in
      run.answered.map { $0 - run.came }
    }
  }
}
