package import Hooks
package import Tokenizers

/// What the heads of some layers attend to over a prompt, one line a head.
package struct AttentionSummary: Sendable {
  /// One head, its numbers means over the prompt's positions behind the first.
  package struct Head: Sendable {
    package let layer: Int
    package let head: Int
    /// Attention to the token before, to earlier occurrences of the token, to what stood behind those, to the first token.
    package let previousToken: Float
    package let duplicateToken: Float
    package let induction: Float
    package let firstToken: Float
    /// In nats, over all positions.
    package let entropy: Float
    /// The largest share that one position gives to another.
    package let largest: Float
    /// The share of all pairs of a position and one not behind it that take a tenth or less.
    package let sparsity: Float
    /// The positions that receive most, best first.
    package let received: [Int]
  }

  package let heads: [Head]

  /// Positions told of each head.
  private static let mostReceived = 3

  /// What it reads of a pass.
  package static func points(layers: [Int]) -> [HookPoint] {
    layers.map { HookPoint(.attentionPattern, layer: $0) }
  }

  /// Reads the pass over a whole prompt.
  ///
  /// - Returns: nil where the pass did not cover all of it.
  package init?(_ pass: CapturedPass, layers: [Int], tokens: [Token]) {
    guard let scores = HeadScores(pass, layers: layers, tokens: tokens) else { return nil }
    let entropies = AttentionEntropy(pass, layers: layers).layers
    var heads: [Head] = []
    let count = tokens.count
    for (place, layer) in layers.enumerated() {
      let pattern = pass.tensor(HookPoint(.attentionPattern, layer: layer))
      for head in scores.induction[place].indices {
        var received = [Float](repeating: 0, count: count)
        var (first, largest): (Float, Float) = (0, 0)
        var small = 0
        for query in 0..<count {
          let row = Array(pattern.row(head * count + query).prefix(query + 1))
          for (key, share) in row.enumerated() { received[key] += share }
          small += row.count { $0 <= 0.1 }
          guard query > 0 else { continue }
          first += row[0]
          largest = max(largest, row.max() ?? 0)
        }
        let entropy = entropies[place][head]
        heads.append(
          Head(
            layer: layer, head: head, previousToken: scores.previousToken[place][head],
            duplicateToken: scores.duplicateToken[place][head],
            induction: scores.induction[place][head],
            firstToken: first / Float(max(count - 1, 1)),
            entropy: entropy.reduce(0, +) / Float(max(entropy.count, 1)), largest: largest,
            sparsity: Float(small) / Float(max(count * (count + 1) / 2, 1)),
            received: received.placesOfLargest(Self.mostReceived)))
      }
    }
    self.heads = heads
  }
}
