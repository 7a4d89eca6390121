internal import Synchronization
internal import Tensors

/// Memory for captures, used again: in the steady state a pass allocates no floats.
///
/// Bounded: it keeps a few blocks of any size and lets the rest go.
package final class CapturePool: Sendable {
  private struct Shelf {
    var slabs: [FloatSlab] = []
    var floats = 0
  }

  private let shelf = Mutex(Shelf())
  private let limit: Int

  /// - Parameter keepingFloats: how many floats in all may lie unused.
  package init(keepingFloats limit: Int = 16 << 20) {
    self.limit = limit
  }

  /// A block of at least `count` floats; its contents are old.
  func take(_ count: Int) -> FloatSlab {
    let found = shelf.withLock { shelf -> FloatSlab? in
      // The newest that is large enough, but not wastefully so.
      guard
        let index = shelf.slabs.lastIndex(where: {
          $0.count >= count && $0.count <= max(count * 4, 4096)
        })
      else { return nil }
      let slab = shelf.slabs.remove(at: index)
      shelf.floats -= slab.count
      return slab
    }
    return found ?? FloatSlab(count: max(count, 1024))
  }

  func give(back slab: FloatSlab) {
    shelf.withLock { shelf in
      guard shelf.floats + slab.count <= limit, shelf.slabs.count < 64 else { return }
      shelf.slabs.append(slab)
      shelf.floats += slab.count
    }
  }
}
