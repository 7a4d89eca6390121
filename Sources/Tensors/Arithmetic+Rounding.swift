internal import CKernels

extension Arithmetic {
  /// Rounds the activations of jobs that are not exact, once for all that share them and their rounding.
  func roundActivations() {
    var total = 0
    for job in products.indices {
      guard let rounding = rounded[job] else { continue }
      let bytes = rounding.pointee.rounded_bytes(products[job].w.columns)
      products[job].x_rounded_stride = bytes
      total += Int(products[job].count * bytes)
    }
    guard total > 0 else { return }
    if roundedRows.count * 4 < total { roundedRows = FloatSlab(count: (total + total / 2) / 4 + 1) }
    var next = UnsafeMutableRawPointer(roundedRows.base)
    for job in products.indices {
      guard let rounding = rounded[job] else { continue }
      let product = products[job]
      let shared = products[..<job].indices.first {
        rounded[$0] == rounding && Self.haveOneInput(products[$0], product)
      }
      if let shared {
        products[job].x_rounded = products[shared].x_rounded
        continue
      }
      let (base, stride) = (next, Int(product.x_rounded_stride))
      split(rows: Int(product.count), width: Int(product.w.columns)) { range in
        for row in range {
          rounding.pointee.round(
            product.x + row * Int(product.x_stride), base + row * stride, product.w.columns)
        }
      }
      products[job].x_rounded = UnsafeRawPointer(base)
      next = base + Int(product.count) * stride
    }
  }

  /// Whether two jobs multiply the same activations.
  static func haveOneInput(_ a: ns_product, _ b: ns_product) -> Bool {
    a.x == b.x && a.x_stride == b.x_stride && a.count == b.count && a.w.columns == b.w.columns
  }
}
