package import CKernels
internal import Foundation

/// The processor instructions a kernel table is made of.
///
/// Chosen once at start; tests pass each in turn, so that every fast path is compared with its slow twin.
package enum InstructionSet: String, CaseIterable, Sendable {
  /// Portable C, on every machine: the slow twin, and what NEON machines run.
  case scalar
  /// AVX2 with FMA and F16C.
  case avx2
  /// The same with the dot products of AVX-VNNI, which only ``Numerics/fast`` uses: Alder Lake, Zen 5 and later.
  case avx2vnni
  /// AVX-512 with F, BW, DQ and VL: Skylake-X and later.
  case avx512
  /// The same with the dot products of AVX512-VNNI, which only ``Numerics/fast`` uses: Cascade Lake and later.
  case avx512vnni
  /// AVX-512 with VBMI besides: Ice Lake, Zen 4 and later.
  case avx512vbmi

  /// The sets this processor and build have, slowest first.
  package static var available: [InstructionSet] { allCases.filter { $0.kernels != nil } }

  /// Those of them whose exact kernels are no other's.
  package static var distinct: [InstructionSet] {
    available.filter { $0 != .avx2vnni && $0 != .avx512vnni }
  }

  /// The set in use where none is asked for: what `NEUROSCOPE_INSTRUCTION_SET` names, if this machine has it, else
  /// the fastest.
  ///
  /// With the variable whole suites run on each set in turn, as `Tests/README.md` says.
  package static let best: InstructionSet = {
    let wished = ProcessInfo.processInfo.environment["NEUROSCOPE_INSTRUCTION_SET"]
      .flatMap(InstructionSet.init(rawValue:))
    return wished.flatMap { available.contains($0) ? $0 : nil } ?? available.last ?? .scalar
  }()

  /// The kernels of the set, or nil where this machine lacks it.
  package var kernels: UnsafePointer<ns_kernels>? { ns_kernels_for(code) }

  /// The number the C kernels know it by (`enum ns_set`).
  var code: Int32 {
    switch self {
    case .scalar: Int32(NS_SCALAR.rawValue)
    case .avx2: Int32(NS_AVX2.rawValue)
    case .avx2vnni: Int32(NS_AVX2_VNNI.rawValue)
    case .avx512vnni: Int32(NS_AVX512_VNNI.rawValue)
    case .avx512: Int32(NS_AVX512.rawValue)
    case .avx512vbmi: Int32(NS_AVX512_VBMI.rawValue)
    }
  }
}
