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
    let (decoding, prompts) = (0..<batch.decodeRows, batch.decodeRows..<rows)
    plan(linear, x[decoding], into: y[decoding], .single)
    plan(linear, x[prompts], into: y[prompts], .panel)
  }

  /// Plans the same for rows of one kind.
  func plan(
    _ linear: Linear, _ x: FloatRows, into y: FloatRows, _ policy: Arithmetic.RowPolicy
  ) {
    work.updates.plan(linear, x, into: y, policy: policy, arithmetic)
  }

  func run() { work.updates.run(arithmetic) }
}
