internal import Tensors

extension TensorEntry {
  /// The tensor's numbers as float32, in the file's order.
  ///
  /// Only for plain types: norms, biases, sinks.
  ///
  /// - Throws: ``CheckpointError`` if the tensor holds another number of elements, or is quantised.
  package func floats(count: Int) throws(CheckpointError) -> [Float] {
    guard elementCount == count else {
      throw wrong(.mismatch, "\(count) numbers", "\(elementCount), of shape \(shape)")
    }
    let bytes = bytes
    switch type.element {
    case .f32:
      return (0..<count).map {
        Float(
          bitPattern: UInt32(
            littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
      }
    case .bf16:
      return (0..<count).map {
        let half = UInt16(
          littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self))
        return Float(bitPattern: UInt32(half) << 16)
      }
    case .f16:
      return (0..<count).map {
        Self.widened(
          UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)))
      }
    default: throw wrong(.unsupported, "F32, F16 or BF16", type.name)
    }
  }

  /// IEEE 754 binary16 as binary32, subnormals included.
  static func widened(_ half: UInt16) -> Float {
    let sign = UInt32(half & 0x8000) << 16
    let exponent = UInt32(half >> 10 & 0x1F)
    let fraction = UInt32(half & 0x3FF)
    switch exponent {
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      return sign == 0 ? magnitude : -magnitude
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }

  func wrong(_ kind: CheckpointError.Kind, _ expected: String, _ found: String) -> CheckpointError {
    CheckpointError(
      kind, file: mapping.path, .tensor(name), expected: expected, found: found,
      offset: range.lowerBound)
  }
}
