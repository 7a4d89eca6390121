internal import CKernels

/// How numbers are stored: one row of the format table.
///
/// Size arithmetic everywhere derives from the two counts, so a new type is one line here and its kernels.
/// The block layouts are those of ggml (`ggml-common.h`); MLX and OpenAI keep scales apart and are described
/// by ``WeightMatrix/Encoding``.
package struct ElementType: Sendable, Hashable {
  /// The field's name for the type, as llama.cpp and safetensors print it.
  package let name: String
  /// The number the C kernels know it by (`enum ns_type`).
  package let code: Int32
  /// Numbers in one block; 1 for plain types.
  package let itemsPerBlock: Int
  /// Bytes of one block.
  package let bytesPerBlock: Int

  private init(_ name: String, _ code: ns_type, items: Int, bytes: Int) {
    self.name = name
    self.code = Int32(code.rawValue)
    self.itemsPerBlock = items
    self.bytesPerBlock = bytes
  }

  package static let f32 = ElementType("F32", NS_F32, items: 1, bytes: 4)
  package static let f16 = ElementType("F16", NS_F16, items: 1, bytes: 2)
  package static let bf16 = ElementType("BF16", NS_BF16, items: 1, bytes: 2)
  package static let q8_0 = ElementType("Q8_0", NS_Q8_0, items: 32, bytes: 34)
  package static let q4_0 = ElementType("Q4_0", NS_Q4_0, items: 32, bytes: 18)
  package static let q4_1 = ElementType("Q4_1", NS_Q4_1, items: 32, bytes: 20)
  package static let q5_0 = ElementType("Q5_0", NS_Q5_0, items: 32, bytes: 22)
  package static let q5_1 = ElementType("Q5_1", NS_Q5_1, items: 32, bytes: 24)
  package static let q2_K = ElementType("Q2_K", NS_Q2_K, items: 256, bytes: 84)
  package static let q3_K = ElementType("Q3_K", NS_Q3_K, items: 256, bytes: 110)
  package static let q4_K = ElementType("Q4_K", NS_Q4_K, items: 256, bytes: 144)
  package static let q5_K = ElementType("Q5_K", NS_Q5_K, items: 256, bytes: 176)
  package static let q6_K = ElementType("Q6_K", NS_Q6_K, items: 256, bytes: 210)
  package static let iq4_NL = ElementType("IQ4_NL", NS_IQ4_NL, items: 32, bytes: 18)
  package static let iq4_XS = ElementType("IQ4_XS", NS_IQ4_XS, items: 256, bytes: 136)
  package static let mxfp4 = ElementType("MXFP4", NS_MXFP4, items: 32, bytes: 17)

  package static let all: [ElementType] = [
    f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1, q2_K, q3_K, q4_K, q5_K, q6_K, iq4_NL, iq4_XS,
    mxfp4,
  ]

  /// Bytes of a row of `columns` numbers, or nil where it is no whole number of blocks or overflows.
  package func byteCount(columns: Int) -> Int? {
    guard columns >= 0, columns % itemsPerBlock == 0 else { return nil }
    let (bytes, overflow) = (columns / itemsPerBlock).multipliedReportingOverflow(by: bytesPerBlock)
    return overflow ? nil : bytes
  }
}
