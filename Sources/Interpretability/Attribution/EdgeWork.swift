internal import Engine
internal import Hooks
internal import Tensors
internal import Tokenizers

/// A pass over a prompt with edges cut.
///
/// Each reader reads what the senders before it wrote, and of its cut edges what takes its place instead. What goes on is
/// computed from that; biases, and learned positions, are never cut.
///
/// - Ownership: one check's; used inside `Engine.lend`, one call after the other.
final class EdgeWork: @unchecked Sendable {
  // Proof for @unchecked: whoever checks awaits one call of `Engine.lend` before the next.

  let layout: EdgeLayout
  private let tokens: [Token]
  private let width: Int
  private let pass: LentEdgePass
  private let cut: EdgeCut
  /// `[senders, positions * d_model]`: what takes the senders' place; nil for zeros.
  private let replaced: [Float]?
  /// `[senders, positions * d_model]`: what they wrote.
  private(set) var written: [Float]
  /// `[positions, d_model]`: what of the stream no sender wrote.
  private let rest: FloatSlab
  /// `[readers * positions, d_model]`.
  private let read: FloatSlab
  private let added: FloatSlab
  private let writes: FloatSlab

  init(
    _ tokens: [Token], _ layout: EdgeLayout, width: Int, _ cut: EdgeCut, replaced: [Float]?,
    _ lent: LentModel
  ) {
    self.tokens = tokens
    self.layout = layout
    self.width = width
    self.cut = cut
    self.replaced = replaced
    pass = LentEdgePass(lent, tokens: tokens)
    let place = tokens.count * width
    written = [Float](repeating: 0, count: layout.senders * place)
    rest = FloatSlab(count: place)
    read = FloatSlab(count: max(layout.readers, 1) * place)
    added = FloatSlab(count: place)
    writes = FloatSlab(count: place * layout.heads)
    pass.embed(into: addedRows, stream: rest.rows(tokens.count, width: width), lent)
    keep(added.base, of: 0)
    for index in 0..<place { rest.base[index] -= added.base[index] }
  }

  private var place: Int { tokens.count * width }
  private var addedRows: FloatRows { added.rows(tokens.count, width: width) }

  /// Takes in what a sender wrote, `[positions, d_model]`.
  private func keep(_ numbers: UnsafePointer<Float>, of sender: Int) {
    let first = sender * place
    for index in 0..<place { written[first + index] = numbers[index] }
  }

  /// Fills what some readers read, one behind the other.
  ///
  /// - Returns: their rows; those of one where all read the same.
  private func fill(readers: Int, firstEdge: Int, senders: Int) -> FloatRows {
    let isShared = if case .all = cut { true } else { false }
    let rows = isShared ? 1 : readers
    let shares: [Float] =
      switch cut {
      case .all(let share): Array(repeating: share, count: senders)
      case .each(let shares): Array(shares[firstEdge..<firstEdge + rows * senders])
      }
    for reader in 0..<rows {
      (read.base + reader * place).update(from: rest.base, count: place)
    }
    OpenBLAS.add(
      shares.map { 1 - $0 }, rows: rows, written, inner: senders, columns: place, to: read.base)
    if let replaced, shares.contains(where: { $0 != 0 }) {
      OpenBLAS.add(
        shares, rows: rows, replaced, inner: senders, columns: place, to: read.base)
    }
    return read.rows(rows * tokens.count, width: width)
  }

  /// A layer's attention.
  ///
  /// - Returns: what it held, where all readers read one stream and that is asked for.
  func attend(layer: Int, holds: Bool = false, _ lent: LentModel) -> HeldAttention? {
    let senders = layout.senders(before: layer)
    let streams = fill(
      readers: layout.readers, firstEdge: layout.firstEdge(of: layer), senders: senders)
    let rows = writes.rows(tokens.count, width: layout.heads * width)
    pass.attend(streams, layer: layer, writes: rows, added: addedRows, lent)
    let held = holds ? pass.held(streams, layer: layer, lent) : nil
    let hasBias = lent.hasAttentionBias(layer: layer)
    var constant = hasBias ? Array(UnsafeBufferPointer(start: added.base, count: place)) : []
    // Each head's rows one behind the other, in the memory of what was read.
    for head in 0..<layout.heads {
      for position in 0..<tokens.count {
        (read.base + position * width).update(
          from: rows.base + position * rows.stride + head * width, count: width)
      }
      keep(read.base, of: layout.sender(head: head, layer: layer))
      for index in constant.indices { constant[index] -= read.base[index] }
    }
    if layout.isParallel { parallel = constant } else { add(constant) }
    return held
  }

  /// What attention added besides its heads, beside a feed-forward part that does not read it.
  private var parallel: [Float] = []

  private func add(_ constant: [Float]) {
    for index in constant.indices { rest.base[index] += constant[index] }
  }

  /// A layer's feed-forward part.
  ///
  /// - Returns: `[positions, d_model]`, what it read.
  func feedForward(layer: Int, _ lent: LentModel) -> [Float] {
    let rows = fill(
      readers: 1, firstEdge: layout.firstEdge(ofMLP: layer), senders: layout.sendersOfMLP(layer))
    let seen = Array(UnsafeBufferPointer(start: rows.base, count: place))
    pass.feedForward(rows, layer: layer, added: addedRows, lent)
    keep(added.base, of: layout.sender(mlp: layer))
    add(parallel)
    return seen
  }

  /// What the logits read at the last position, `[d_model]`.
  func last() -> [Float] {
    let rows = fill(
      readers: 1, firstEdge: layout.firstEdge(of: layout.layers), senders: layout.senders)
    return Array(rows.row(tokens.count - 1))
  }
}

extension EdgeWork {
  /// Runs a whole pass; runs of others go on between two layers.
  ///
  /// - Throws: `cancelled` where the task was, and where the model has no weights.
  static func run(
    _ tokens: [Token], _ cut: EdgeCut, replaced: [Float]?, on engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> EdgeWork {
    try await run(tokens, cut, replaced: replaced, on: engine, model) { _, _, _ in }
  }

  /// The same, telling what each layer held where all readers read the same.
  static func run(
    _ tokens: [Token], _ cut: EdgeCut, replaced: [Float]?, on engine: Engine, _ model: LoadedModel,
    holds: (_ layer: Int, HeldAttention, _ fed: [Float]) -> Void
  ) async throws(EngineError) -> EdgeWork {
    try OpenBLAS.check()
    let layout = EdgeLayout(model.catalogue)
    let width = model.catalogue.hiddenSize
    let isHeld = if case .all = cut { true } else { false }
    let work = await engine.lend(model) {
      EdgeWork(tokens, layout, width: width, cut, replaced: replaced, $0)
    }
    guard let work else { throw .vocabularyOnly(model.info.id) }
    for layer in 0..<layout.layers {
      guard !Task.isCancelled else { throw .cancelled }
      let found = await engine.lend(model) { lent in
        let held = work.attend(layer: layer, holds: isHeld, lent)
        return (held, work.feedForward(layer: layer, lent))
      }
      if let found, let held = found.0 { holds(layer, held, found.1) }
    }
    return work
  }

  /// What each sender writes over the prompts that take its place, `[senders, positions * d_model]`; nil for zeros.
  static func replaced(
    _ replacement: CircuitCheck.Replacement, own: [Token], on engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> [Float]? {
    let prompts: [[Token]]
    switch replacement {
    case .zero: return nil
    case .ownMean: prompts = [own]
    case .corrupted(let prompt): prompts = [prompt]
    case .mean(let some): prompts = some
    }
    var sum: [Double] = []
    for prompt in prompts {
      let written = try await run(prompt, .all(0), replaced: nil, on: engine, model).written
      if sum.isEmpty {
        sum = written.map { Double($0) }
      } else {
        for index in written.indices { sum[index] += Double(written[index]) }
      }
    }
    guard replacement == .ownMean else {
      return sum.map { Float($0 / Double(max(prompts.count, 1))) }
    }
    let (width, count) = (model.catalogue.hiddenSize, own.count)
    for first in stride(from: 0, to: sum.count, by: count * width) {
      for column in first..<first + width {
        let places = stride(from: column, to: column + count * width, by: width)
        let mean = places.reduce(0.0) { $0 + sum[$1] } / Double(count)
        for place in places { sum[place] = mean }
      }
    }
    return sum.map { Float($0) }
  }
}
