package import Engine
internal import Hooks
internal import Tokenizers

/// Which of the known kinds each head of a model is, by tests on prompts made from a seed.
package struct HeadNames: Sendable, Equatable {
  /// How a test went.
  package struct Outcome: Sendable, Equatable {
    package let test: HeadTest
    /// Prompts, and tokens of each.
    package let prompts: Int
    package let tokens: Int
    /// Why it told nothing of some kinds; nil where it told of all.
    package let reason: String?
    /// What it told of.
    package let kinds: [HeadKind]
  }

  package let outcomes: [Outcome]
  /// `[layer][head]` of every kind that a test told of.
  package let scores: [HeadKind: [[Float]]]

  /// The kinds that a head is, with its scores.
  package func kinds(layer: Int, head: Int) -> [(kind: HeadKind, score: Float)] {
    HeadKind.allCases.compactMap { kind in
      guard let score = scores[kind]?[layer][head], score >= kind.threshold else { return nil }
      return (kind, score)
    }
  }
}

extension HeadNames {
  /// Heads whose paths to name movers are tried, at most: those that attend to the repeated name the most.
  static let mostCandidates = 32

  /// Forward passes, at most.
  package static func passes(_ corpus: HeadCorpus) -> Int {
    corpus.repeats.count + corpus.copies.count + corpus.names.count * (3 + 2 * mostCandidates)
  }

  /// Puts all heads to the tests.
  ///
  /// A cancelled task ends it between two passes.
  /// - Parameter progress: told after each pass how many are done.
  /// - Throws: ``EngineError``, as of any pass.
  package static func find(
    _ corpus: HeadCorpus, on engine: Engine, _ model: LoadedModel,
    progress: @Sendable (Int) async -> Void = { _ in }
  ) async throws(EngineError) -> HeadNames {
    var trial = HeadTrial(engine, model)
    var outcomes: [Outcome] = []
    for (test, prompts) in [(HeadTest.repeats, corpus.repeats), (.copies, corpus.copies)] {
      outcomes.append(try await trial.attend(test, prompts, progress))
    }
    outcomes.append(try await trial.name(corpus.names, progress))
    return HeadNames(outcomes: outcomes, scores: trial.scores)
  }
}

/// The passes, and what they have told so far.
private struct HeadTrial {
  private let engine: Engine
  private let model: LoadedModel
  private let layers: [Int]
  private let heads: Int
  private var done = 0
  private(set) var scores: [HeadKind: [[Float]]] = [:]

  /// The least share of the logit difference that a head moving names must write itself.
  private static let leastShare: Float = 0.01
  /// The least attention to the repeated name of heads whose paths are tried.
  private static let leastAttention: Float = 0.1

  init(_ engine: Engine, _ model: LoadedModel) {
    self.engine = engine
    self.model = model
    layers = Array(0..<model.catalogue.layers)
    heads = model.catalogue.heads
  }

  private var zeros: [[Float]] { layers.map { _ in [Float](repeating: 0, count: heads) } }

  private mutating func pass(
    _ tokens: [Token], _ captures: [CaptureSpec], _ progress: @Sendable (Int) async -> Void
  ) async throws(EngineError) -> CapturedPass {
    guard !Task.isCancelled else { throw .cancelled }
    let pass = try await PromptPass.run(
      tokens, on: engine, model, captures: captures, interventions: [])
    done += 1
    await progress(done)
    return pass
  }

  /// The smaller of two tests' scores stays.
  private mutating func keep(_ found: [[Float]], _ kind: HeadKind) {
    let before = scores[kind] ?? found
    scores[kind] = zip(before, found).map { zip($0, $1).map { min($0, $1) } }
  }

  // MARK: Attention over random tokens

  mutating func attend(
    _ test: HeadTest, _ prompts: [[Token]], _ progress: @Sendable (Int) async -> Void
  ) async throws(EngineError) -> HeadNames.Outcome {
    guard !prompts.isEmpty else {
      return HeadNames.Outcome(
        test: test, prompts: 0, tokens: 0,
        reason: "the model's context or vocabulary is too small for its prompts", kinds: [])
    }
    var sums: [HeadKind: [[Float]]] = [:]
    let share = 1 / Float(prompts.count)
    func add(_ found: [[Float]], _ kind: HeadKind) {
      sums[kind] = zip(sums[kind] ?? zeros, found).map { zip($0, $1).map { $0 + share * $1 } }
    }
    let hasSink = model.catalogue.sites.contains(.attentionSink)
    for tokens in prompts {
      let points =
        layers.map { HookPoint(.attentionPattern, layer: $0) }
        + (hasSink ? layers.map { HookPoint(.attentionSink, layer: $0) } : [])
      let pass = try await pass(tokens, points.map { CaptureSpec(analysing: $0) }, progress)
      guard let found = HeadScores(pass, layers: layers, tokens: tokens) else { continue }
      add(found.previousToken, .previousToken)
      add(found.duplicateToken, .duplicateToken)
      add(found.induction, .induction)
      if test.kinds.contains(.attentionSink) {
        add(layers.map { sink(pass, layer: $0, positions: tokens.count, hasSink) }, .attentionSink)
      }
    }
    for (kind, found) in sums { keep(found, kind) }
    return HeadNames.Outcome(
      test: test, prompts: prompts.count, tokens: prompts[0].count, reason: nil,
      kinds: test.kinds)
  }

  /// Each head's attention to the first position and beside all, the mean over the second half.
  private func sink(_ pass: CapturedPass, layer: Int, positions: Int, _ hasSink: Bool) -> [Float] {
    let pattern = pass.tensor(HookPoint(.attentionPattern, layer: layer))
    let beside = hasSink ? pass.tensor(HookPoint(.attentionSink, layer: layer)).values : []
    let second = positions / 2..<positions
    return (0..<heads).map { head in
      let sum = second.reduce(Float(0)) { sum, query in
        let row = pattern.row(head * positions + query)
        return sum + (row.first ?? 0) + (beside.isEmpty ? 0 : beside[query * heads + head])
      }
      return sum / Float(max(second.count, 1))
    }
  }

  // MARK: Names

  mutating func name(
    _ prompts: [HeadCorpus.Names], _ progress: @Sendable (Int) async -> Void
  ) async throws(EngineError) -> HeadNames.Outcome {
    func outcome(_ reason: String?, _ kinds: [HeadKind]) -> HeadNames.Outcome {
      HeadNames.Outcome(
        test: .names, prompts: prompts.count, tokens: prompts.first?.tokens.count ?? 0,
        reason: reason, kinds: kinds)
    }
    guard prompts.count >= 4 else {
      return outcome("fewer than 8 of the test's names are one token of the model's", [])
    }
    var (toAnswer, toSubject, direct) = (zeros, zeros, zeros)
    var difference: Float = 0
    let share = 1 / Float(prompts.count)
    for prompt in prompts {
      let patterns = layers.map {
        CaptureSpec(analysing: HookPoint(.attentionPattern, layer: $0), .last)
      }
      let parts = DirectLogitAttribution.captures(model.catalogue, heads: true)
      let pass = try await pass(prompt.tokens, patterns + parts, progress)
      let found = await DirectLogitAttribution.read(
        pass, answer: prompt.answer, against: prompt.repeated, heads: true, on: engine, model)
      guard let found, let subject = prompt.tokens.lastIndex(of: prompt.repeated) else {
        return outcome("the model has no weights", [])
      }
      difference += share * found.logit
      for layer in layers {
        let pattern = pass.tensor(HookPoint(.attentionPattern, layer: layer))
        for head in 0..<heads {
          let row = pattern.row(head)
          toAnswer[layer][head] += share * row[row.startIndex + prompt.answerPosition]
          toSubject[layer][head] += share * row[row.startIndex + subject]
          direct[layer][head] += share * found.heads[layer][head]
        }
      }
    }
    guard difference > 0 else {
      return outcome("the model does not prefer the name that is left, so nothing moves it", [])
    }
    let least = Self.leastShare * difference
    for (kind, sign) in [(HeadKind.nameMover, Float(1)), (.copySuppression, -1)] {
      scores[kind] = zip(toAnswer, direct).map {
        zip($0, $1).map { attention, write in sign * write >= least ? attention : 0 }
      }
    }
    let movers = places(scores[.nameMover] ?? [], HeadKind.nameMover.threshold)
    guard !movers.isEmpty else {
      return outcome(
        "no head moves names, so none inhibits one that does", [.nameMover, .copySuppression])
    }
    try await inhibit(prompts, movers, toSubject, progress)
    return outcome(nil, HeadTest.names.kinds)
  }

  private func places(_ scores: [[Float]], _ least: Float) -> [(layer: Int, head: Int)] {
    layers.flatMap { layer in
      (0..<heads).filter { scores[layer][$0] >= least }.map { (layer, $0) }
    }
  }

  /// What goes of the difference when name movers' queries read a head as of the other name repeated.
  private mutating func inhibit(
    _ prompts: [HeadCorpus.Names], _ movers: [(layer: Int, head: Int)], _ toSubject: [[Float]],
    _ progress: @Sendable (Int) async -> Void
  ) async throws(EngineError) {
    scores[.subjectInhibition] = zeros
    let last = movers.map(\.layer).max() ?? 0
    let candidates = places(toSubject, Self.leastAttention).filter { $0.layer < last }
      .sorted { toSubject[$0.layer][$0.head] > toSubject[$1.layer][$1.head] }
      .prefix(HeadNames.mostCandidates)
    guard !candidates.isEmpty else { return }
    let end = (prompts.first?.tokens.count ?? 1) - 1
    let plan = PathPatching.Plan(
      prompts: prompts.map {
        ContrastPrompt(tokens: $0.tokens, answer: $0.answer, wrong: $0.repeated)
      },
      corrupted: prompts.map(\.swapped),
      senders: candidates.map {
        [PathSender(.head, layer: $0.layer, head: $0.head, positions: [end])]
      },
      receivers: [
        movers.map { PathReceiver(.query, layer: $0.layer, head: $0.head, positions: [end]) }
      ], frozen: [.heads])
    let before = done
    let found = try await PathPatching.run(plan, on: engine, model) {
      await progress(before + $0)
    }
    for (place, row) in zip(candidates, found.effect) {
      scores[.subjectInhibition]?[place.layer][place.head] = (row.first ?? nil) ?? 0
    }
  }
}
