internal import Hooks
internal import Tensors

/// One forward pass under way: the batch, its scratch memory, and who computes.
struct Pass {
  let batch: ForwardBatch
  let work: Workspace
  let arithmetic: Arithmetic

  var hooks: BatchHooks { batch.hooks }
  var rows: Int { batch.rowCount }

  /// Plans `y = x Wᵀ + b` for all rows; run together with what else was planned by ``run()``.
  ///
  /// Decoding rows are one job and rows of prompts another, read together: in either a row's bits depend on that row
  /// alone.
  func plan(_ linear: Linear, _ x: FloatRows, into y: FloatRows) {
    plan(linear, 0..<batch.decodeRows, x, into: y, .single)
    plan(linear, batch.decodeRows..<rows, x, into: y, .panel)
  }

  private func plan(
    _ linear: Linear, _ rows: Range<Int>, _ x: FloatRows, into y: FloatRows,
    _ policy: Arithmetic.RowPolicy
  ) {
    guard !rows.isEmpty else { return }
    arithmetic.add(
      linear.weight, x[rows], into: y[rows], bias: linear.bias?.pointer, policy: policy)
  }

  func run() { arithmetic.run() }
}
