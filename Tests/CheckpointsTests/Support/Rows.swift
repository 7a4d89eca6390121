import Checkpoints
import Tensors

/// A matrix's numbers as float32, row after row, decoded by the scalar kernels.
func rows(of matrix: WeightMatrix) -> [[Float]] {
  let slab = FloatSlab(count: matrix.rows * matrix.columns)
  let view = slab.rows(matrix.rows, width: matrix.columns)
  let arithmetic = Arithmetic(threads: 1, instructionSet: .scalar)
  arithmetic.embed(matrix, tokens: (0..<Int32(matrix.rows)).map { $0 }, into: view)
  return (0..<matrix.rows).map { Array(view.row($0)) }
}

/// What an expression throws, as facts; nil where it throws nothing.
func refusal<Value>(_ body: () throws(CheckpointError) -> Value) -> CheckpointError? {
  do throws(CheckpointError) {
    _ = try body()
    return nil
  } catch {
    return error
  }
}
