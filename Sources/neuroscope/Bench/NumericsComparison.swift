internal import Foundation
internal import Hooks
internal import Models
internal import Tensors
internal import Tokenizers

/// One model computed by two arithmetics over the same tokens, and how far their scores are apart.
///
/// - Isolation: one task uses it.
final class NumericsComparison {
  /// Where tokens come from.
  enum Source {
    /// A text's own.
    case text([Token])
    /// So many, drawn by the exact chances with a fixed seed: the model's own text, which greedy choice would soon
    /// repeat.
    case drawn(count: Int, first: Token)
  }

  private let model: LanguageModel
  private let exact: Reader
  private let other: Reader
  /// Positions of a cache before it begins anew.
  private let window: Int
  private var random: UInt64 = 0

  /// Rows of a prompt whose scores are kept to be compared; what they are does not depend on it.
  private static let promptRows = 64

  init(_ model: LanguageModel, exact: Arithmetic, other: Arithmetic, window: Int) {
    self.model = model
    self.exact = Reader(model, exact, rows: Self.promptRows)
    self.other = Reader(model, other, rows: Self.promptRows)
    self.window = max(min(window, model.longContext ?? window), 1)
  }

  /// What was computed.
  struct Result {
    var tokens: [Token] = []
    /// Each token computed by itself behind those before it.
    var decode = LogitError()
    /// All tokens of a window read as a prompt.
    var prompt = LogitError()
  }

  /// Feeds both the same tokens, first one by one, then as prompts.
  ///
  /// - Throws: ``CommandFailure`` where a score is no number.
  func run(_ source: Source) throws -> Result {
    var result = Result()
    let (count, first) =
      switch source {
      case .text(let tokens): (tokens.count, tokens.first ?? 0)
      case .drawn(let count, let first): (count, first)
      }
    var next = first
    for place in 0..<count {
      if place % window == 0 { for reader in [exact, other] { reader.begin() } }
      result.tokens.append(next)
      let (a, b) = (exact.step(next), other.step(next))
      guard result.decode.add(a, b) else { throw Self.lost(place) }
      switch source {
      case .text(let tokens): next = place + 1 < count ? tokens[place + 1] : 0
      case .drawn: next = (place + 1) % window == 0 ? first : draw(a)
      }
    }
    for begin in stride(from: 0, to: count, by: window) {
      for reader in [exact, other] { reader.begin() }
      let end = min(begin + window, count)
      for start in stride(from: begin, to: end, by: Self.promptRows) {
        let part = result.tokens[start..<min(start + Self.promptRows, end)]
        let (a, b) = (exact.read(part), other.read(part))
        for (row, (x, y)) in zip(a, b).enumerated() {
          let isNumber = x.withUnsafeBufferPointer { x in
            y.withUnsafeBufferPointer { result.prompt.add(x, $0) }
          }
          guard isNumber else { throw Self.lost(start + row) }
        }
      }
    }
    return result
  }

  private static func lost(_ position: Int) -> CommandFailure {
    CommandFailure("A score at token \(position) is no number, so nothing can be compared")
  }

  /// A token by its chance (SplitMix64 of Steele and others, 2014).
  private func draw(_ scores: UnsafeBufferPointer<Float>) -> Token {
    random &+= 0x9E37_79B9_7F4A_7C15
    var mixed = random
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    mixed ^= mixed >> 31
    let top = Double(scores.max() ?? 0)
    let chances = scores.map { exp(Double($0) - top) }
    var left = Double(mixed >> 11) * 0x1p-53 * chances.reduce(0, +)
    for (token, chance) in chances.enumerated() {
      left -= chance
      if left < 0 { return Token(token) }
    }
    return Token(chances.indices.last ?? 0)
  }
}

/// One arithmetic with its cache.
private final class Reader: ForwardBatch.RowReader {
  private let model: LanguageModel
  private let arithmetic: Arithmetic
  private let workspace: Workspace
  private let batch: ForwardBatch
  private var cache: KeyValueCache
  private var rows: [[Float]] = []

  init(_ model: LanguageModel, _ arithmetic: Arithmetic, rows: Int) {
    self.model = model
    self.arithmetic = arithmetic
    workspace = Workspace(for: model, maxRows: rows, maxScores: 1)
    batch = ForwardBatch(layers: model.catalogue.layers)
    cache = KeyValueCache(shape: model.cacheShape)
  }

  func begin() {
    cache = KeyValueCache(shape: model.cacheShape)
    _ = model.prepare(cache, for: 1)
  }

  /// The scores behind one more token; they are there until the next step.
  func step(_ token: Token) -> UnsafeBufferPointer<Float> {
    batch.removeAll()
    batch.add(cache, tokens: [token][...], isDecode: true, scores: .last, tap: nil)
    model.forward(batch, workspace, arithmetic)
    return UnsafeBufferPointer(model.scores(0, of: workspace))
  }

  /// The scores behind each of some tokens of a prompt.
  func read(_ tokens: ArraySlice<Token>) -> [[Float]] {
    rows.removeAll(keepingCapacity: true)
    batch.removeAll()
    batch.add(cache, tokens: tokens, isDecode: false, scores: .none, tap: nil, reader: self)
    model.forward(batch, workspace, arithmetic)
    return rows
  }

  func wants(position: Int) -> Bool { true }

  func read(_ scores: UnsafeBufferPointer<Float>, position: Int, _ arithmetic: Arithmetic) {
    rows.append(Array(scores))
  }
}
