package import Engine
internal import Hooks
package import Tokenizers

/// How much each head attends like the known kinds of head (Olsson and others 2022), on repeated random sequences.
///
/// A sequence is a list of L tokens without repeats, twice. All scores are means over positions and sequences.
package struct HeadScores: Sendable {
  /// `[layer][head]`: attention from a position to the one before it.
  package var previousToken: [[Float]]
  /// `[layer][head]`: from the second occurrence of a token to its first.
  package var duplicateToken: [[Float]]
  /// `[layer][head]`: from the second occurrence to the token after the first.
  package var induction: [[Float]]

  package static func run(
    _ sequences: [[Token]], on engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> HeadScores {
    let layers = model.info.layers
    let heads = model.info.heads
    let zero = Array(repeating: Array(repeating: Float(0), count: heads), count: layers)
    var scores = HeadScores(previousToken: zero, duplicateToken: zero, induction: zero)
    let points = (0..<layers).map { HookPoint(.attentionPattern, layer: $0) }
    for sequence in sequences {
      let pass = try await PromptPass.run(sequence, on: engine, model, capturing: points)
      let half = sequence.count / 2
      for (layer, point) in points.enumerated() {
        let pattern = pass.tensor(point)
        for head in 0..<heads {
          func mean(_ queries: Range<Int>, back distance: Int) -> Float {
            let sum = queries.reduce(Float(0)) { sum, query in
              let row = pattern.row(head * sequence.count + query)
              return sum + row[row.startIndex + query - distance]
            }
            return sum / Float(queries.count * sequences.count)
          }
          scores.previousToken[layer][head] += mean(1..<sequence.count, back: 1)
          scores.duplicateToken[layer][head] += mean(half..<sequence.count, back: half)
          scores.induction[layer][head] += mean(half..<sequence.count, back: half - 1)
        }
      }
    }
    return scores
  }
}
