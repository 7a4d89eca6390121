package import Tensors

/// The keys and values of one session's positions `0..<length`: paged, copy-on-write.
///
/// A fork shares all pages and costs no memory until one side writes into a page the other still holds.
///
/// - Isolation: belongs to one session on the engine's loop.
package final class KeyValueCache {
  package let shape: CacheShape
  /// Positions held.
  package private(set) var length = 0
  /// What leads a position to its place in the ``RotaryTable``: 0, or the table's positions for the second set.
  package private(set) var rotaryShift = 0
  private var pages: [CachePage]
  /// Per layer, a table of page addresses; the kernels read it.
  private var tables: PageTables

  package init(shape: CacheShape) {
    self.shape = shape
    pages = []
    tables = PageTables(layers: shape.layers, capacity: 8)
  }

  private init(sharing other: KeyValueCache, length: Int) {
    shape = other.shape
    self.length = length
    rotaryShift = other.rotaryShift
    let count = (length + CacheShape.pageLength - 1) / CacheShape.pageLength
    pages = Array(other.pages.prefix(count))
    tables = PageTables(layers: shape.layers, capacity: max(count, 8))
    for index in pages.indices { enter(page: index) }
  }

  /// A cache of the first `length` positions that shares its pages with this one.
  package func fork(length: Int) -> KeyValueCache {
    precondition(length >= 0 && length <= self.length)
    return KeyValueCache(sharing: self, length: length)
  }

  /// Forgets the positions from `length` on.
  package func truncate(to length: Int) {
    precondition(length >= 0 && length <= self.length)
    self.length = length
    let count = (length + CacheShape.pageLength - 1) / CacheShape.pageLength
    pages.removeLast(pages.count - count)
  }

  /// Forgets all positions; those to come turn by the other set.
  func restart(rotaryShift shift: Int) {
    truncate(to: 0)
    rotaryShift = shift
  }

  /// Makes room to write the next `count` positions: new pages, and copies of shared ones.
  package func reserve(_ count: Int) {
    let end = length + count
    let first = length / CacheShape.pageLength
    let needed = (end + CacheShape.pageLength - 1) / CacheShape.pageLength
    if needed > tables.capacity {
      tables = PageTables(layers: shape.layers, capacity: max(needed, tables.capacity * 2))
      for index in pages.indices { enter(page: index) }
    }
    for index in first..<max(needed, first) {
      if index < pages.count {
        guard !isKnownUniquelyReferenced(&pages[index]) else { continue }
        pages[index] = pages[index].copy()
      } else {
        pages.append(CachePage(byteCount: shape.pageBytes))
      }
      enter(page: index)
    }
  }

  /// Counts positions as written, once all layers have stored them.
  package func advance(by count: Int) {
    precondition(
      (length + count + CacheShape.pageLength - 1) / CacheShape.pageLength <= pages.count)
    length += count
  }

  /// A layer's pages, for the kernels; valid until the next ``reserve(_:)`` or ``truncate(to:)``.
  package func pages(layer: Int) -> CachePages {
    CachePages(
      keys: tables.keys(layer), values: tables.values(layer),
      pageLength: CacheShape.pageLength, kvHeads: shape.keyValueHeads,
      headDim: shape.headDimension, type: shape.type)
  }

  private func enter(page index: Int) {
    let base = pages[index].bytes
    for layer in 0..<shape.layers {
      let keys = base + 2 * layer * shape.planeBytes
      tables.set(layer: layer, page: index, keys: keys, values: keys + shape.planeBytes)
    }
  }
}

/// Addresses of pages by layer: what the attention kernels take.
private final class PageTables {
  let capacity: Int
  private let layers: Int
  private let entries: UnsafeMutablePointer<UnsafeMutableRawPointer>

  init(layers: Int, capacity: Int) {
    self.layers = layers
    self.capacity = capacity
    entries = .allocate(capacity: max(2 * layers * capacity, 1))
  }

  deinit { entries.deallocate() }

  func keys(_ layer: Int) -> UnsafePointer<UnsafeMutableRawPointer> {
    UnsafePointer(entries + layer * capacity)
  }

  func values(_ layer: Int) -> UnsafePointer<UnsafeMutableRawPointer> {
    UnsafePointer(entries + (layers + layer) * capacity)
  }

  func set(
    layer: Int, page: Int, keys: UnsafeMutableRawPointer, values: UnsafeMutableRawPointer
  ) {
    (entries + layer * capacity + page).initialize(to: keys)
    (entries + (layers + layer) * capacity + page).initialize(to: values)
  }
}
