internal import Tokenizers

/// All tokens' embeddings and rows of the head, gone through once in blocks: their products among themselves, and
/// the tokens that meet given vectors the most strongly.
struct VocabularyScan: Sendable {
  /// The tokens of the largest and of the smallest products with one vector.
  struct Extremes: Sendable {
    private let count: Int
    /// Descending, and ascending.
    private(set) var largest: [WeightCircuits.Projection] = []
    private(set) var smallest: [WeightCircuits.Projection] = []

    init(count: Int) { self.count = count }

    mutating func add(_ token: Token, _ value: Float) {
      if largest.count < count || value > largest[count - 1].value {
        let place = largest.firstIndex { $0.value < value } ?? largest.count
        largest.insert(WeightCircuits.Projection(token: token, value: value), at: place)
        if largest.count > count { largest.removeLast() }
      }
      if smallest.count < count || value < smallest[count - 1].value {
        let place = smallest.firstIndex { $0.value > value } ?? smallest.count
        smallest.insert(WeightCircuits.Projection(token: token, value: value), at: place)
        if smallest.count > count { smallest.removeLast() }
      }
    }

    /// Whether the strongest product is negative.
    var isNegative: Bool {
      (smallest.first?.value ?? 0) < 0
        && -(smallest.first?.value ?? 0) > (largest.first?.value ?? 0)
    }

    /// The tokens of one end, a constant taken off, the sign turned where the end is the negative one.
    func end(negative: Bool, less constant: Float = 0) -> [WeightCircuits.Projection] {
      (negative ? smallest : largest).map {
        let value = $0.value - constant
        return WeightCircuits.Projection(token: $0.token, value: negative ? -value : value)
      }
    }
  }

  private let width: Int
  /// `[vectors, d_model]`.
  private let embeddingVectors: [Float]
  private let headVectors: [Float]
  private(set) var embeddingExtremes: [Extremes]
  private(set) var headExtremes: [Extremes]
  /// `[d_model, d_model]`: sums over tokens of the embedding's outer product with itself, and with the head's row.
  private var among: Matrix
  private var across: Matrix
  private var embeddingSum: [Double]
  private var headSum: [Double]
  private var tokens = 0

  init(width: Int, embeddingVectors: [Float], headVectors: [Float], tokens: Int) {
    self.width = width
    self.embeddingVectors = embeddingVectors
    self.headVectors = headVectors
    let one = Extremes(count: tokens)
    embeddingExtremes = Array(repeating: one, count: embeddingVectors.count / max(width, 1))
    headExtremes = Array(repeating: one, count: headVectors.count / max(width, 1))
    among = Matrix(rows: width, columns: width)
    across = among
    embeddingSum = [Double](repeating: 0, count: width)
    headSum = embeddingSum
  }

  /// Goes through the next tokens: `[tokens, d_model]` each.
  mutating func add(embeddings: [Float], heads: [Float]) {
    let count = embeddings.count / max(width, 1)
    let first = Token(tokens)
    Self.note(embeddings, count, embeddingVectors, width, first, &embeddingExtremes)
    Self.note(heads, count, headVectors, width, first, &headExtremes)
    var sums = [Float](repeating: 0, count: width * width)
    OpenBLAS.gram(embeddings, first: width, embeddings, second: width, rows: count, into: &sums)
    among.add(sums)
    OpenBLAS.gram(embeddings, first: width, heads, second: width, rows: count, into: &sums)
    across.add(sums)
    for token in 0..<count {
      for column in 0..<width {
        embeddingSum[column] += Double(embeddings[token * width + column])
        headSum[column] += Double(heads[token * width + column])
      }
    }
    tokens += count
  }

  private static func note(
    _ rows: [Float], _ count: Int, _ vectors: [Float], _ width: Int, _ first: Token,
    _ extremes: inout [Extremes]
  ) {
    guard !extremes.isEmpty else { return }
    var products = [Float](repeating: 0, count: extremes.count * count)
    OpenBLAS.product(
      vectors, rows: extremes.count, rows, columns: count, inner: width, into: &products)
    products.withUnsafeBufferPointer { products in
      for vector in extremes.indices {
        for token in 0..<count {
          extremes[vector].add(first + Token(token), products[vector * count + token])
        }
      }
    }
  }

  /// What leads from an embedding back to one: the sum over tokens of embedding times embedding.
  var betweenEmbeddings: Matrix { among }

  /// The same from the head's rows, of logits less their mean, to embeddings.
  var betweenHeadAndEmbedding: Matrix {
    var result = across
    for row in 0..<width {
      for column in 0..<width {
        result[row, column] -= embeddingSum[row] * headSum[column] / Double(max(tokens, 1))
      }
    }
    return result
  }

  /// The mean of all logits of a vector, which is taken off them.
  func meanLogit(ofVector index: Int) -> Float {
    var sum = 0.0
    for column in 0..<width { sum += headSum[column] * Double(headVectors[index * width + column]) }
    return Float(sum / Double(max(tokens, 1)))
  }
}

extension Matrix {
  fileprivate mutating func add(_ other: [Float]) {
    for index in values.indices { values[index] += Double(other[index]) }
  }
}
