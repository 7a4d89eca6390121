internal import CKernels

/// The arithmetic of a forward pass: products, norms, activations, rotation, attention.
///
/// It owns the worker team, the chosen kernels and the scratch memory they need, so that callers hand over
/// nothing but views. Every operation gives each row the same bits whatever else is in the batch and however
/// the work is split, except products with ``RowPolicy/panel``.
/// - Isolation: used by one engine loop at a time.
package final class Arithmetic: @unchecked Sendable {
  // Proof for @unchecked: all state belongs to the one loop that calls; the workers see it only inside a call.

  /// What kind of rows a product gets, which decides between two ways to compute it.
  package enum RowPolicy: Sendable {
    /// Rows being decoded: a row's bits do not depend on how many rows there are nor on other jobs.
    case single
    /// A chunk of a prompt: large tiles, in another order of additions (equal within rounding).
    case panel
  }

  package let team: WorkerTeam
  package let instructionSet: InstructionSet
  /// What products do: ``Numerics/exact`` also where the machine has nothing faster.
  package let numerics: Numerics
  /// The kernels in use; they outlive everything.
  let kernels: UnsafePointer<ns_kernels>
  /// The products of rounded activations, where they are asked for and there are any.
  package let roundings: Roundings

  /// Jobs collected since the last ``run()``, each with its policy and its weights, which it keeps alive.
  var products: [ns_product] = []
  var policies: [RowPolicy] = []
  var weights: [WeightMatrix] = []
  /// Bytes of all collected weights, and what the jobs are cut into.
  var pendingBytes = 0
  var units: [ProductUnit] = []
  /// How each collected job rounds its activations, nil where it does not; and the rounded rows.
  var rounded: [UnsafePointer<ns_fast>?] = []
  var roundedRows = FloatSlab(count: 0)
  /// Activations of the collected jobs as their kernels take them, where a set arranges them.
  var arranged = FloatSlab(count: 0)
  /// Attention jobs of the current call, in the kernels' own form.
  var attentionJobs: [ns_attention] = []
  var attentionTiles: [AttentionTile] = []
  var attentionParts: [AttentionPart] = []
  /// What the stages of shared attention hand on.
  var sharedLines = FloatSlab(count: 0)
  /// One scratch slab per thread, grown when a longer context first needs it.
  var slabs: [FloatSlab]

  /// Threads of `team` work with the kernels of `instructionSet`, or the scalar ones where it is missing.
  package init(
    threads: Int, instructionSet: InstructionSet = .best, numerics: Numerics = .exact
  ) {
    team = WorkerTeam(threads: threads)
    if let kernels = instructionSet.kernels {
      self.kernels = kernels
      self.instructionSet = instructionSet
    } else {
      self.kernels = ns_kernels_for(InstructionSet.scalar.code)
      self.instructionSet = .scalar
    }
    roundings = Roundings(numerics, self.instructionSet)
    self.numerics = roundings.isEmpty ? .exact : .fast
    slabs = (0..<team.threads).map { _ in FloatSlab(count: 0) }
  }

  /// Gives every thread at least `count` floats of scratch.
  func reserveScratch(_ count: Int) {
    for thread in slabs.indices where slabs[thread].count < count {
      slabs[thread] = FloatSlab(count: count + count / 2)
    }
  }

  /// Calls `body` for ranges that together are `0 ..< rows`, on the team where the work is worth waking it.
  func split(rows: Int, width: Int, _ body: (Range<Int>) -> Void) {
    guard rows > 1, rows * width >= 1 << 14 else {
      if rows > 0 { body(0..<rows) }
      return
    }
    let parts = min(rows, team.threads * 4)
    team.run(parts: parts) { part in
      body(rows * part / parts..<rows * (part + 1) / parts)
    }
  }
}
