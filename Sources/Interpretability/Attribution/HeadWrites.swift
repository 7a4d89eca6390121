internal import Tensors

/// What every head of one layer would add to the stream of the newest positions, were they all it attended to.
///
///     slab   [slot][head][d_model]   the slot of a position is its distance from the first one, around the capacity
///
/// - Ownership: one run's; touched on the engine's loop only.
struct HeadWrites {
  private(set) var positions = 0..<0
  private let heads: Int
  private let width: Int
  private let limit: Int
  private var origin = 0
  private var capacity = 0
  private var slab = FloatSlab(count: 0)

  /// - Parameter limit: positions kept at most.
  init(heads: Int, width: Int, limit: Int) {
    self.heads = heads
    self.width = width
    self.limit = max(limit, 1)
  }

  /// Numbers of a position.
  var stride: Int { heads * width }

  /// Makes room for a position and what follows it, forgetting what was there from it on, and the oldest.
  ///
  /// - Returns: runs of positions whose rows lie one behind the other; those that would not be kept are left out.
  mutating func append(_ added: Range<Int>) -> [(positions: Range<Int>, rows: FloatRows)] {
    if added.lowerBound > positions.upperBound || added.lowerBound < positions.lowerBound
      || positions.isEmpty
    {
      positions = added.lowerBound..<added.lowerBound
      origin = added.lowerBound
    }
    let end = added.upperBound
    let first = max(min(positions.lowerBound, added.lowerBound), end - limit)
    grow(to: min(end - origin, limit))
    positions = first..<end
    return runs(of: max(added.lowerBound, first)..<end)
  }

  private mutating func grow(to needed: Int) {
    guard needed > capacity else { return }
    let wanted = min(max(needed, capacity * 2, 32), limit)
    let larger = FloatSlab(count: wanted * stride)
    // Nothing has gone around before the limit is reached.
    larger.base.update(from: slab.base, count: capacity * stride)
    capacity = wanted
    slab = larger
  }

  /// Consecutive rows `[positions, heads * d_model]` of some kept positions: one run, or two around the end.
  func runs(of some: Range<Int>) -> [(positions: Range<Int>, rows: FloatRows)] {
    var result: [(positions: Range<Int>, rows: FloatRows)] = []
    var next = some.lowerBound
    while next < some.upperBound {
      let slot = (next - origin) % capacity
      let count = min(some.upperBound - next, capacity - slot)
      result.append(
        (
          next..<next + count,
          FloatRows(base: slab.base + slot * stride, rows: count, width: stride)
        ))
      next += count
    }
    return result
  }
}
