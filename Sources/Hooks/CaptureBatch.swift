internal import Tensors

/// The tensors that one pass of one run captured, in one block of memory.
///
/// - Ownership: made and filled on the engine's loop, then handed on and never written again; its memory
///   goes back to the pool it came from when the last holder lets go.
package final class CaptureBatch: @unchecked Sendable {
  // Proof for @unchecked: written only by the engine's loop before it is handed out, read-only afterwards.

  /// One captured tensor of the pass.
  package struct Item: Sendable {
    /// The place of its ``CaptureSpec`` in ``CaptureBatch/specs``.
    package let spec: Int
    /// Axes as ``HookSite/axes`` lists them behind the batch axis, after selection.
    package var dimensions: [Int]
    /// Where its floats begin in the batch's memory.
    package let offset: Int
    /// The positions kept, ascending.
    package var positions: [Int]

    /// Its number of floats.
    package var count: Int { dimensions.reduce(1, *) }
  }

  /// The pass: 0 for the prompt's, then one per generated token.
  package let step: Int
  /// What was asked for in this pass; hooks may change between passes.
  package let specs: [CaptureSpec]
  package internal(set) var items: [Item] = []
  /// Whether an intervention applied to a position of the pass.
  package internal(set) var isIntervened = false
  private let slab: FloatSlab
  private let pool: CapturePool
  /// What it weighs in an account, for as long as it is there.
  private let charge: (any Sendable)?

  init(
    step: Int, specs: [CaptureSpec], slab: FloatSlab, pool: CapturePool,
    charge: (any Sendable)? = nil
  ) {
    self.charge = charge
    self.step = step
    self.specs = specs
    self.slab = slab
    self.pool = pool
  }

  deinit { pool.give(back: slab) }

  /// Lends an item's floats, row-major.
  package func withValues<R>(of item: Item, _ body: (UnsafeBufferPointer<Float>) throws -> R)
    rethrows -> R
  {
    try body(UnsafeBufferPointer(start: slab.base + item.offset, count: item.count))
  }

  /// Where the engine writes; only before the batch is handed out.
  var base: UnsafeMutablePointer<Float> { slab.base }
}
