internal import Engine
package import Hooks
internal import Interpretability

/// What the captures of a run will weigh, computed before it runs.
package struct CaptureEstimate: Sendable, Equatable {
  /// Numbers of all passes together.
  package private(set) var numbers = 0
  /// Bytes of all passes together.
  package private(set) var bytes = 0

  /// - Parameters:
  ///   - promptTokens: positions of the prompt's pass; each further pass has one.
  ///   - maxTokens: passes at most, the prompt's included.
  ///   - bytesPerNumber: of an order: its element's width, or about 12 where it is written in decimal.
  package init(
    _ orders: [HookOrder], catalogue: HookCatalogue, promptTokens: Int, maxTokens: Int,
    bytesPerNumber: (HookOrder) -> Int
  ) {
    for order in orders {
      let spec = order.spec
      let count = Self.numbers(
        spec, catalogue: catalogue, promptTokens: promptTokens, maxTokens: maxTokens)
      numbers = Self.sum(numbers, count)
      bytes = Self.sum(bytes, Self.product(count, bytesPerNumber(order)))
    }
  }

  /// Bytes of the largest pass's analyses, which are made and sent in one piece.
  package private(set) var largestAnalysis = 0

  /// Bytes that analyses keep between passes.
  package private(set) var keptBytes = 0

  /// Bytes of a number in decimal text, at most.
  private static let decimal = 12.0

  /// Adds what the analyses of a run read, in float32, and what they tell.
  package mutating func addAnalyses(of order: RunOrder) {
    for spec in order.analysisCaptures {
      let count = Self.numbers(
        spec, catalogue: order.model.catalogue, promptTokens: order.tokens.count,
        maxTokens: order.maxTokens)
      numbers = Self.sum(numbers, count)
      bytes = Self.sum(bytes, Self.product(count, MemoryLayout<Float>.size))
    }
    for analysis in order.analyses {
      let told = analysis.resultNumbers(order.model.catalogue, promptTokens: order.tokens.count)
      let all = told.prompt + told.later * Double(max(order.maxTokens - 1, 0))
      bytes = Self.sum(bytes, Self.clamp(Self.decimal * all))
      keptBytes = Self.sum(
        keptBytes,
        Self.clamp(
          analysis.keptBytes(
            order.model.catalogue, promptTokens: order.tokens.count, maxTokens: order.maxTokens)))
      largestAnalysis = max(largestAnalysis, Self.clamp(Self.decimal * told.prompt))
    }
  }

  /// Adds the rows that a run's watches tell, if they fire in every pass.
  package mutating func addWatches(of order: RunOrder) {
    for watch in order.watches where watch.action == .snapshot {
      guard let capture = watch.capture else { continue }
      let row = capture.shape(in: order.model.catalogue)
        .rowNumbers(keys: order.model.info.contextLength)
      largestAnalysis = max(largestAnalysis, Self.clamp(Self.decimal * row))
      bytes = Self.sum(bytes, Self.clamp(Self.decimal * row * Double(order.maxTokens)))
    }
  }

  private static func numbers(
    _ spec: CaptureSpec, catalogue: HookCatalogue, promptTokens: Int, maxTokens: Int
  ) -> Int {
    let selection = spec.selection
    let passes = max(maxTokens - 1, 0) / max(selection.every, 1)
    let promptRows = selection.positions.count(ofPrompt: promptTokens)
    let laterRows = rows(selection.positions, after: promptTokens, count: passes)
    let shape = spec.shape(in: catalogue)
    // A query's row holds as many keys as the pass has seen: over the later passes about half of them on the average.
    return clamp(
      Double(promptRows) * shape.sentNumbers(keys: promptTokens)
        + Double(laterRows) * shape.sentNumbers(keys: promptTokens + maxTokens / 2))
  }

  /// Rows kept of the generated tokens.
  private static func rows(
    _ positions: Selection.Positions, after start: Int, count: Int
  ) -> Int {
    let window = start..<start + count
    return switch positions {
    case .all, .last: count
    case .list(let list): list.filter(window.contains).count
    case .range(let range): range.clamped(to: window).count
    case .everyNth(let n): count / n + 1
    }
  }

  private static func clamp(_ value: Double) -> Int { value < 1e15 ? Int(value) : Int(1e15) }
  private static func sum(_ a: Int, _ b: Int) -> Int { clamp(Double(a) + Double(b)) }
  private static func product(_ a: Int, _ b: Int) -> Int { clamp(Double(a) * Double(b)) }
}
