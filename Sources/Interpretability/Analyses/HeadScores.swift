package import Engine
package import Hooks
package import Tokenizers

/// How much each head attends like the known kinds of head (Olsson and others 2022), over one sequence of tokens.
///
/// The detection patterns are TransformerLens's: previous token, duplicate token, induction. On a random list of tokens
/// given twice, the usual probe, a score is the mean attention along one diagonal.
package struct HeadScores: Sendable {
  /// `[layer][head]`, of the layers asked for: attention from a position to the one before it.
  package var previousToken: [[Float]]
  /// `[layer][head]`: to all earlier occurrences of the same token.
  package var duplicateToken: [[Float]]
  /// `[layer][head]`: to the tokens right behind earlier occurrences of the same token.
  package var induction: [[Float]]
  /// Positions that the scores are means over: with one before them, and with an earlier occurrence; 0 leaves 0.
  package let previousCount: Int
  package let repeatedCount: Int

  /// What the scores must see of a pass: the patterns of a prompt of so many tokens.
  package static func captures(layers: [Int], promptTokens: Int) -> [CaptureSpec] {
    layers.map {
      CaptureSpec(
        analysing: HookPoint(.attentionPattern, layer: $0), .range(0..<max(promptTokens, 1)))
    }
  }

  /// Scores the pass over a whole prompt.
  ///
  /// - Returns: nil where the pass did not cover all of it, as in a fork made in the middle of a prompt.
  package init?(_ pass: CapturedPass, layers: [Int], tokens: [Token]) {
    var occurrences: [Token: [Int]] = [:]
    var earlier: [[Int]] = []
    for (position, token) in tokens.enumerated() {
      earlier.append(occurrences[token] ?? [])
      occurrences[token, default: []].append(position)
    }
    previousCount = max(tokens.count - 1, 0)
    repeatedCount = earlier.count { !$0.isEmpty }
    previousToken = []
    duplicateToken = []
    induction = []
    for layer in layers {
      let pattern = pass.tensor(HookPoint(.attentionPattern, layer: layer))
      guard pattern.positions == Array(tokens.indices) else { return nil }
      func mean(_ count: Int, keys: (Int) -> [Int]) -> [Float] {
        (0..<pattern.dimensions[0]).map { head in
          var sum: Float = 0
          for query in tokens.indices {
            let row = pattern.row(head * tokens.count + query)
            for key in keys(query) { sum += row[row.startIndex + key] }
          }
          return sum / Float(max(count, 1))
        }
      }
      previousToken.append(mean(previousCount) { $0 > 0 ? [$0 - 1] : [] })
      duplicateToken.append(mean(repeatedCount) { earlier[$0] })
      induction.append(mean(repeatedCount) { earlier[$0].map { $0 + 1 } })
    }
  }

  /// The mean scores over several sequences; nil where there are none.
  package static func run(
    _ sequences: [[Token]], on engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> HeadScores? {
    let layers = Array(0..<model.info.layers)
    var mean: HeadScores?
    for sequence in sequences {
      let points = layers.map { HookPoint(.attentionPattern, layer: $0) }
      let pass = try await PromptPass.run(sequence, on: engine, model, capturing: points)
      guard let scores = HeadScores(pass, layers: layers, tokens: sequence) else { continue }
      mean = scores.scaled(by: 1 / Float(sequences.count), added: mean)
    }
    return mean
  }

  private func scaled(by factor: Float, added other: HeadScores?) -> HeadScores {
    var sum = self
    for score in [\HeadScores.previousToken, \.duplicateToken, \.induction] {
      for layer in self[keyPath: score].indices {
        for head in self[keyPath: score][layer].indices {
          let share = self[keyPath: score][layer][head] * factor
          sum[keyPath: score][layer][head] = share + (other?[keyPath: score][layer][head] ?? 0)
        }
      }
    }
    return sum
  }
}

extension HeadScores {
  /// The scores of a run's prompt.
  package struct Live: LiveAnalysis {
    package static let name = "head_scores"
    package static let summary =
      "How much each head attends over the prompt like a previous-token, duplicate-token "
      + "or induction head."
    package static let source = "Olsson and others 2022"
    package static let parameters: [Parameter] = [.layers]

    private let layers: [Int]

    package init(_ values: ParameterValues, _ catalogue: HookCatalogue) {
      layers = values.layers(catalogue)
    }

    package func captures(_ catalogue: HookCatalogue, promptTokens: Int) -> [CaptureSpec] {
      HeadScores.captures(layers: layers, promptTokens: promptTokens)
    }

    package func resultNumbers(
      _ catalogue: HookCatalogue, promptTokens: Int
    ) -> (prompt: Double, later: Double) {
      (3 * Double(layers.count * catalogue.heads), 0)
    }

    package func result(of captured: CapturedPass, _ pass: AnalysedPass) async -> Finding? {
      guard let scores = HeadScores(captured, layers: layers, tokens: pass.prompt) else {
        return nil
      }
      let kinds: [(name: String, scores: [[Float]], count: Int)] = [
        ("previous_token", scores.previousToken, scores.previousCount),
        ("duplicate_token", scores.duplicateToken, scores.repeatedCount),
        ("induction", scores.induction, scores.repeatedCount),
      ]
      return .members(
        [("layers", .counts(layers))] + kinds.map { ($0.name, .numbers($0.scores)) }
          + [
            ("counts", .members(kinds.map { ($0.name, .count($0.count)) })),
            ("best", .members(kinds.map { ($0.name, best($0.scores)) })),
          ])
    }

    /// The head with the largest score.
    private func best(_ scores: [[Float]]) -> Finding {
      let heads = zip(layers, scores).flatMap { layer, row in
        row.enumerated().map { (layer: layer, head: $0.offset, score: $0.element) }
      }
      guard let best = heads.max(by: { $0.score < $1.score }) else { return .none }
      return .members([
        ("layer", .count(best.layer)), ("head", .count(best.head)), ("score", .number(best.score)),
      ])
    }
  }
}
