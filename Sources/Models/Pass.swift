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
  /// Decoding rows and each prompt chunk are separate jobs, so nobody's bits depend on who else is there.
  func plan(_ linear: Linear, _ x: FloatRows, into y: FloatRows) {
    if batch.decodeRows > 0 {
      let rows = 0..<batch.decodeRows
      arithmetic.add(
        linear.weight, x[rows], into: y[rows], bias: linear.bias?.pointer, policy: .single)
    }
    for part in batch.parts where !part.isDecode {
      arithmetic.add(
        linear.weight, x[part.rows], into: y[part.rows], bias: linear.bias?.pointer, policy: .panel)
    }
  }

  func run() { arithmetic.run() }
}
