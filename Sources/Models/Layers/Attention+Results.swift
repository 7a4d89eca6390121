internal import Hooks
internal import Tensors

/// Each head's contribution to the residual stream, computed only where somebody looks at it.
extension Attention {
  /// Numbers of one tile of results: 16 MB.
  private static let resultNumbers = 4 << 20

  /// Shows `z [rows, heads * d_head]` times each head's part of the output projection, `[rows, heads, d_model]`.
  ///
  /// Beside the forward pass, which projects all heads in one product: nothing that goes on is touched. Rows are computed
  /// one as the other, so the bits do not depend on how a prompt was cut.
  func showResults(of z: FloatRows, layer: Int, _ pass: Pass) {
    guard pass.hooks.wants(.headResult, layer: layer) else { return }
    let width = output.weight.rows
    for part in pass.batch.parts {
      let first = part.rows.lowerBound
      guard let (tap, position) = pass.hooks.tap(row: first, site: .headResult, layer: layer)
      else { continue }
      let tile = max(1, min(part.rows.count, Self.resultNumbers / max(heads * width, 1)))
      let slab = FloatSlab(count: tile * heads * width)
      for start in stride(from: 0, to: part.rows.count, by: tile) {
        let count = min(tile, part.rows.count - start)
        let results = slab.rows(count, width: heads * width)
        // Views don't keep their slabs alive.
        withExtendedLifetime(slab) {
          project(z[first + start..<first + start + count], into: results, pass.arithmetic)
          tap.see(.headResult, layer: layer, rows: results, firstPosition: position + start)
        }
      }
    }
  }

  /// `z [rows, heads * d_head]` to `results [rows, heads * d_model]`.
  func project(_ z: FloatRows, into results: FloatRows, _ arithmetic: Arithmetic) {
    let width = output.weight.rows
    let updates = LowRankUpdates()
    // Kept until the products have run.
    var alone: [FloatSlab] = []
    for head in 0..<heads {
      let columns = head * headDimension..<(head + 1) * headDimension
      let target = results.columns(head * width..<(head + 1) * width)
      if let part = output.columns(columns) {
        updates.plan(part, z.columns(columns), into: target, policy: .single, arithmetic)
      } else {
        // Blocks of the coding reach over several heads: the others' numbers are zero instead.
        let slab = FloatSlab(count: z.rows * z.width)
        let rows = slab.rows(z.rows, width: z.width)
        for row in 0..<z.rows {
          for column in columns { rows.row(row)[column] = z.row(row)[column] }
        }
        alone.append(slab)
        updates.plan(output.unbiased, rows, into: target, policy: .single, arithmetic)
      }
    }
    withExtendedLifetime(alone) { updates.run(arithmetic) }
  }
}
