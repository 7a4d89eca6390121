package import CKernels

/// One layer's keys and values of one session, lent page by page.
///
/// - Axes: inside a page of a layer `[kvHeads, pageLength, headDim]`; position `p` is row `p % pageLength`
///   of page `p / pageLength`.
/// - Ownership: pages and the two tables of pointers belong to the cache and outlive the call.
package struct CachePages: @unchecked Sendable {
  // Proof for @unchecked: a view; parts of one call touch disjoint rows or only read.
  package let descriptor: ns_pages

  package init(
    keys: UnsafePointer<UnsafeMutableRawPointer>, values: UnsafePointer<UnsafeMutableRawPointer>,
    pageLength: Int, kvHeads: Int, headDim: Int, type: ElementType
  ) {
    precondition(type == .f32 || type == .f16)
    precondition(pageLength > 0 && kvHeads > 0 && headDim > 0)
    descriptor = ns_pages(
      keys: UnsafeRawPointer(keys).assumingMemoryBound(to: UnsafeMutableRawPointer?.self),
      values: UnsafeRawPointer(values).assumingMemoryBound(to: UnsafeMutableRawPointer?.self),
      page_length: Int64(pageLength), kv_heads: Int64(kvHeads), head_dim: Int64(headDim),
      type: type.code)
  }

  package var pageLength: Int { Int(descriptor.page_length) }
  package var kvHeads: Int { Int(descriptor.kv_heads) }
  package var headDim: Int { Int(descriptor.head_dim) }

  /// Bytes of one layer's keys (or values) in one page.
  package static func bytesPerPage(
    pageLength: Int, kvHeads: Int, headDim: Int, type: ElementType
  ) -> Int {
    kvHeads * pageLength * headDim * type.bytesPerBlock
  }
}
