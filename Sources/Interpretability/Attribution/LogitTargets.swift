internal import Engine
internal import Foundation
internal import Tensors
internal import Tokenizers

/// The logits that a graph begins with, and the directions of the stream that raise them.
struct LogitTargets: Sendable {
  let targets: [AttributionGraph.Target]
  private let directions: [[Float]]
  private let biases: [Float]

  /// Rows of the head that are added up at once between two passes of other runs.
  private static let rowsAtOnce: Int32 = 4096

  /// - Parameter stream: `[d_model]`, behind the last layer at the last position.
  /// - Returns: nil where the model has no weights.
  static func find(
    at stream: [Float], _ options: AttributionOptions, on engine: Engine, _ model: LoadedModel
  ) async -> LogitTargets? {
    let scores = await scores(at: stream, options, on: engine, model)
    guard !scores.isEmpty else { return nil }
    let mean = options.wrong == nil ? await mean(on: engine, model) : ([], 0)
    let width = stream.count
    let found = await engine.lend(model) { lent in
      let row = FloatSlab(count: width)
      return withExtendedLifetime(row) {
        scores.map { score -> (direction: [Float], bias: Float) in
          let view = row.rows(1, width: width)
          var (other, otherBias) = mean
          if let wrong = options.wrong {
            otherBias = lent.headRow(of: wrong, into: view)
            other = view.row(0).map { Double($0) }
          }
          var bias = lent.headRow(of: score.token, into: view) - otherBias
          for column in 0..<width {
            row.base[column] = Float(Double(row.base[column]) - other[column])
          }
          bias += stream.withUnsafeBufferPointer { lent.pullBackFromHead(view, at: $0) }
          return (Array(view.row(0)), Float(bias))
        }
      }
    }
    guard let found else { return nil }
    return LogitTargets(scores, found, at: stream, options)
  }

  private init(
    _ scores: [TokenScore], _ found: [(direction: [Float], bias: Float)], at stream: [Float],
    _ options: AttributionOptions
  ) {
    directions = found.map(\.direction)
    biases = found.map(\.bias)
    targets = zip(scores, found).map { score, found in
      let logit = zip(stream, found.direction).reduce(Double(found.bias)) {
        $0 + Double($1.0) * Double($1.1)
      }
      let probability = exp(score.logprob)
      return AttributionGraph.Target(
        token: score.token, versus: options.wrong, probability: probability,
        weight: options.answer == nil ? Double(probability) : 1, logit: Float(logit))
    }
  }

  /// The tokens that are followed back.
  private static func scores(
    at stream: [Float], _ options: AttributionOptions, on engine: Engine, _ model: LoadedModel
  ) async -> [TokenScore] {
    let reading = await engine.unembed(
      model, rows: stream[...], top: AttributionOptions.mostTargets, targets: [options.answer]
    ).first
    if options.answer != nil { return reading?.target.map { [$0.score] } ?? [] }
    var result: [TokenScore] = []
    var mass: Float = 0
    for score in reading?.top ?? [] where mass < AttributionOptions.mass {
      result.append(score)
      mass += exp(score.logprob)
    }
    return result
  }

  /// The mean of all rows of the head, and of their biases.
  static func mean(on engine: Engine, _ model: LoadedModel) async -> ([Double], Double) {
    var sum = [Double](repeating: 0, count: model.info.hiddenSize)
    var bias = 0.0
    let count = Int32(clamping: model.info.vocabularySize)
    for first in stride(from: Int32(0), to: count, by: Int(rowsAtOnce)) {
      let before = sum
      let found = await engine.lend(model) { lent in
        var sum = before
        let bias = lent.addHeadRows(of: first..<min(first + rowsAtOnce, count), to: &sum)
        return (sum, bias)
      }
      guard let found else { break }
      sum = found.0
      bias += found.1
    }
    let share = 1 / Double(max(count, 1))
    return (sum.map { $0 * share }, bias * share)
  }

  /// Gives the directions to what carries them down, and returns the logits' own rows.
  func rows(_ backward: GraphBackward) -> [GraphPruning.Row] {
    targets.indices.map { rank in
      directions[rank].withUnsafeBufferPointer { direction in
        guard let base = direction.baseAddress else {
          return GraphPruning.Row(target: .logit(rank), weights: [])
        }
        backward.begin(base, weight: Float(targets[rank].weight), bias: biases[rank])
        return GraphPruning.Row(
          target: .logit(rank), weights: backward.row(ofLogit: base, bias: biases[rank]))
      }
    }
  }
}
