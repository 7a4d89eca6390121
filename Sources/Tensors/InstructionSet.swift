package import CKernels

/// The processor instructions a kernel table is made of.
///
/// Chosen once at start; tests pass each in turn, so that every fast path is compared with its slow twin.
package enum InstructionSet: String, CaseIterable, Sendable {
  /// Portable C, on every machine: the slow twin, and what NEON machines run.
  case scalar
  /// AVX2 with FMA and F16C.
  case avx2
  /// AVX-512 with F, BW, DQ, VL, VBMI and VNNI.
  case avx512

  /// The sets this processor and build have, slowest first.
  package static var available: [InstructionSet] { allCases.filter { $0.kernels != nil } }

  /// The fastest set of this machine.
  package static var best: InstructionSet { available.last ?? .scalar }

  /// The kernels of the set, or nil where this machine lacks it.
  package var kernels: UnsafePointer<ns_kernels>? { ns_kernels_for(code) }

  /// The number the C kernels know it by (`enum ns_set`).
  var code: Int32 {
    switch self {
    case .scalar: Int32(NS_SCALAR.rawValue)
    case .avx2: Int32(NS_AVX2.rawValue)
    case .avx512: Int32(NS_AVX512.rawValue)
    }
  }
}
