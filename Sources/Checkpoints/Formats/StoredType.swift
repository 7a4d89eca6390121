package import Tensors

/// How a file stores a tensor's numbers: one row of the table of all types that files may name.
///
/// Wider than ``ElementType``: it also knows types that no product can multiply, so that `inspect` can count
/// them and a refusal can name them.
package struct StoredType: Sendable, Hashable {
  package let name: String
  package let itemsPerBlock: Int
  package let bytesPerBlock: Int
  /// The type the kernels work on, or nil where none does.
  package let element: ElementType?

  private init(_ name: String, items: Int = 1, bytes: Int) {
    self.name = name
    itemsPerBlock = items
    bytesPerBlock = bytes
    element = nil
  }

  private init(_ element: ElementType) {
    name = element.name
    itemsPerBlock = element.itemsPerBlock
    bytesPerBlock = element.bytesPerBlock
    self.element = element
  }

  package static let u8 = StoredType("U8", bytes: 1)
  package static let u32 = StoredType("U32", bytes: 4)
  package static let bool = StoredType("BOOL", bytes: 1)

  /// Bytes of a tensor of this shape (outermost first), or nil where the innermost dimension is no whole
  /// number of blocks or the product overflows.
  package func byteCount(shape: [Int]) -> Int? {
    let inner = shape.last ?? 1
    guard inner >= 0, inner % itemsPerBlock == 0 else { return nil }
    var total = inner / itemsPerBlock
    for factor in shape.dropLast() + [bytesPerBlock] {
      let (product, overflow) = total.multipliedReportingOverflow(by: factor)
      guard factor >= 0, !overflow else { return nil }
      total = product
    }
    return total
  }
}

extension StoredType {
  /// By the `dtype` of a safetensors header.
  package static let safetensors: [String: StoredType] = byName([
    StoredType(.f32), StoredType(.f16), StoredType(.bf16), bool, u8, u32,
    StoredType("I8", bytes: 1), StoredType("I16", bytes: 2), StoredType("U16", bytes: 2),
    StoredType("I32", bytes: 4), StoredType("I64", bytes: 8), StoredType("U64", bytes: 8),
    StoredType("F64", bytes: 8), StoredType("F8_E4M3", bytes: 1), StoredType("F8_E5M2", bytes: 1),
    StoredType("F8_E8M0", bytes: 1), StoredType("C64", bytes: 8),
  ])

  /// By the type number of a GGUF tensor (`enum ggml_type`).
  package static let gguf: [UInt32: StoredType] = [
    0: StoredType(.f32), 1: StoredType(.f16), 2: StoredType(.q4_0), 3: StoredType(.q4_1),
    6: StoredType(.q5_0), 7: StoredType(.q5_1), 8: StoredType(.q8_0),
    9: StoredType("Q8_1", items: 32, bytes: 36),
    10: StoredType(.q2_K), 11: StoredType(.q3_K), 12: StoredType(.q4_K), 13: StoredType(.q5_K),
    14: StoredType(.q6_K), 15: StoredType("Q8_K", items: 256, bytes: 292),
    16: StoredType("IQ2_XXS", items: 256, bytes: 66),
    17: StoredType("IQ2_XS", items: 256, bytes: 74),
    18: StoredType("IQ3_XXS", items: 256, bytes: 98),
    19: StoredType("IQ1_S", items: 256, bytes: 50),
    20: StoredType(.iq4_NL), 21: StoredType("IQ3_S", items: 256, bytes: 110),
    22: StoredType("IQ2_S", items: 256, bytes: 82), 23: StoredType(.iq4_XS),
    24: StoredType("I8", bytes: 1), 25: StoredType("I16", bytes: 2),
    26: StoredType("I32", bytes: 4),
    27: StoredType("I64", bytes: 8), 28: StoredType("F64", bytes: 8),
    29: StoredType("IQ1_M", items: 256, bytes: 56), 30: StoredType(.bf16),
    34: StoredType("TQ1_0", items: 256, bytes: 54), 35: StoredType("TQ2_0", items: 256, bytes: 66),
    39: StoredType(.mxfp4),
  ]

  private static func byName(_ types: [StoredType]) -> [String: StoredType] {
    Dictionary(types.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }
}
