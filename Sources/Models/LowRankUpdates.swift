internal import Checkpoints
internal import Tensors

/// Products with adapters, of which `B(A x)` takes a second step: what is planned and not yet computed, and its memory.
///
/// - Isolation: belongs to whoever computes, as the ``Workspace`` does.
final class LowRankUpdates {
  private struct Planned {
    let update: LowRankUpdate
    let x: FloatRows
    let y: FloatRows
    let policy: Arithmetic.RowPolicy
  }

  private var planned: [Planned] = []
  /// Grows to what was asked for; without an adapter nothing is.
  private var slab = FloatSlab(count: 0)

  /// Adds the product of a matrix and its bias to the next run, and what an adapter adds.
  ///
  /// A row's bits depend on that row alone, as those of the product itself.
  func plan(
    _ linear: Linear, _ x: FloatRows, into y: FloatRows, policy: Arithmetic.RowPolicy,
    _ arithmetic: Arithmetic
  ) {
    guard x.rows > 0 else { return }
    arithmetic.add(linear.weight, x, into: y, bias: linear.bias?.pointer, policy: policy)
    guard let update = linear.update else { return }
    planned.append(Planned(update: update, x: x, y: y, policy: policy))
  }

  /// Computes all that was planned.
  func run(_ arithmetic: Arithmetic) {
    guard !planned.isEmpty else { return arithmetic.run() }
    let total = planned.reduce(0) { $0 + $1.x.rows * ($1.update.rank + $1.y.width) }
    if slab.count < total { slab = FloatSlab(count: total) }
    var next = slab.base
    var stages: [(inner: FloatRows, outer: FloatRows)] = []
    for job in planned {
      let inner = FloatRows(base: next, rows: job.x.rows, width: job.update.rank)
      next += job.x.rows * job.update.rank
      let outer = FloatRows(base: next, rows: job.x.rows, width: job.y.width)
      next += job.x.rows * job.y.width
      arithmetic.add(job.update.down, job.x, into: inner, policy: job.policy)
      stages.append((inner, outer))
    }
    arithmetic.run()
    for (job, stage) in zip(planned, stages) {
      arithmetic.scale(stage.inner, by: job.update.scale)
      arithmetic.add(job.update.up, stage.inner, into: stage.outer, policy: job.policy)
    }
    arithmetic.run()
    for (job, stage) in zip(planned, stages) { arithmetic.addInPlace(job.y, stage.outer) }
    planned.removeAll(keepingCapacity: true)
  }
}

extension LowRankUpdate {
  /// Adds `scale · B a` to each row, `a` being A's row of that row's token: what an adapter adds to an embedding.
  func embed(
    tokens: UnsafePointer<Int32>, scale factor: Float, into y: FloatRows, _ arithmetic: Arithmetic
  ) {
    let slab = FloatSlab(count: y.rows * (rank + y.width))
    // Views don't keep their slabs alive.
    withExtendedLifetime(slab) {
      let inner = FloatRows(base: slab.base, rows: y.rows, width: rank)
      let outer = FloatRows(base: slab.base + y.rows * rank, rows: y.rows, width: y.width)
      arithmetic.embed(down, tokens: tokens, scale: scale * factor, into: inner)
      arithmetic.add(up, inner, into: outer, policy: .single)
      arithmetic.run()
      arithmetic.addInPlace(y, outer)
    }
  }

  /// Adds what the matrix's row of one token has from the adapter: `scale · B[token] A`.
  func addRow(of token: Int32, to row: FloatRows, _ arithmetic: Arithmetic) {
    let slab = FloatSlab(count: rank + row.width)
    withExtendedLifetime(slab) {
      let own = FloatRows(base: slab.base, rows: 1, width: rank)
      let line = FloatRows(base: slab.base + rank, rows: 1, width: row.width)
      withUnsafePointer(to: token) { arithmetic.embed(up, tokens: $0, scale: scale, into: own) }
      for index in 0..<rank {
        let place = Int32(index)
        withUnsafePointer(to: place) {
          arithmetic.embed(down, tokens: $0, scale: own.row(0)[index], into: line)
        }
        arithmetic.addInPlace(row, line)
      }
    }
  }
}
