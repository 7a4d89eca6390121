internal import CKernels

/// The products of rounded activations that an instruction set has, where they are asked for.
///
/// What a matrix gets depends on nothing but how it is stored, so a row's bits do not depend on other jobs.
package struct Roundings: @unchecked Sendable {
  // Proof for @unchecked: the tables are constants of the C kernels.
  private let tables: [(precision: ProductPrecision, kernels: UnsafePointer<ns_fast>)]

  /// Int8 blocks where the weights are so coarse themselves, then bfloat16 for the other weights of prompts.
  package init(_ numerics: Numerics, _ set: InstructionSet) {
    let kinds: [(ProductPrecision, ns_rounding)] = [(.int8, NS_INT8), (.bfloat16, NS_BFLOAT16)]
    tables =
      numerics == .exact
      ? []
      : kinds.compactMap { precision, kind in
        ns_fast_for(set.code, Int32(kind.rawValue)).map { (precision, $0) }
      }
  }

  /// Whether every product stays exact.
  package var isEmpty: Bool { tables.isEmpty }

  /// The products of rounded activations for a job, or nil where it stays exact.
  func kernels(for w: WeightMatrix, policy: Arithmetic.RowPolicy) -> UnsafePointer<ns_fast>? {
    entry(for: w, policy: policy)?.kernels
  }

  /// What a job's activations are multiplied as.
  package func precision(of w: WeightMatrix, policy: Arithmetic.RowPolicy) -> ProductPrecision {
    entry(for: w, policy: policy)?.precision ?? .float32
  }

  private func entry(
    for w: WeightMatrix, policy: Arithmetic.RowPolicy
  ) -> (precision: ProductPrecision, kernels: UnsafePointer<ns_fast>)? {
    withUnsafePointer(to: w.descriptor) { descriptor in
      tables.first { _, kernels in
        kernels.pointee.takes(descriptor) != 0
          && (policy == .panel || kernels.pointee.product != nil)
      }
    }
  }
}
