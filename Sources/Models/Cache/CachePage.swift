package import Tensors

/// The keys and values of a run of positions, for all layers, in one block of memory.
///
/// Pages are shared by forked caches and copied when a shared one is written to.
///
///     cache     page 0       page 1       page 2          32 positions each
///     page      layer 0: keys, values   layer 1: keys, values   …
///     keys      [keyValueHead, position, headDimension], the positions of a head side by side
final class CachePage {
  let bytes: UnsafeMutableRawPointer
  private let byteCount: Int

  init(byteCount: Int) {
    self.byteCount = byteCount
    bytes = .allocate(byteCount: byteCount, alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  deinit { bytes.deallocate() }

  func copy() -> CachePage {
    let page = CachePage(byteCount: byteCount)
    page.bytes.copyMemory(from: bytes, byteCount: byteCount)
    return page
  }
}

/// The shape of a cache: what one position costs and how pages are cut.
package struct CacheShape: Sendable, Equatable {
  package let layers: Int
  package let keyValueHeads: Int
  package let headDimension: Int
  /// `F32`, or `F16` to hold twice as many positions.
  package let type: ElementType
  /// Positions of a page: small enough that a fork copies little, large enough for long runs of memory.
  package static let pageLength = 32

  package init(layers: Int, keyValueHeads: Int, headDimension: Int, type: ElementType) {
    self.layers = layers
    self.keyValueHeads = keyValueHeads
    self.headDimension = headDimension
    self.type = type
  }

  /// Bytes of one layer's keys (or values) in a page.
  var planeBytes: Int {
    CachePages.bytesPerPage(
      pageLength: Self.pageLength, kvHeads: keyValueHeads, headDim: headDimension, type: type)
  }
  var pageBytes: Int { 2 * layers * planeBytes }
}
