/// How the numbers of a frame are stored.
public enum FrameElementType: UInt8, Hashable, Sendable, CaseIterable {
  /// IEEE 754 single precision, exact.
  case float32 = 0
  /// IEEE 754 half precision; overflows to infinity past 65 504.
  case float16 = 1
  /// The upper half of a single: its range with 8 bits of precision. The default.
  case bfloat16 = 2
  /// Signed bytes with a float32 scale for every 32 numbers of a row; all scales precede all bytes.
  ///
  /// A number is `scale * byte`; byte −128 stands for anything that is not finite and decodes to NaN.
  case int8Blocks = 3
  /// Unsigned 32-bit integers: token ids, positions, experts, indices of a top-k.
  case uint32 = 4

  /// Numbers that share one scale.
  public static let blockSize = 32

  /// The name used in JSON (`frames.dtype`, `dtype` of an event).
  public var name: String {
    switch self {
    case .float32: "f32"
    case .float16: "f16"
    case .bfloat16: "bf16"
    case .int8Blocks: "i8"
    case .uint32: "u32"
    }
  }

  /// The type of that name; the long names of numpy and of PyTorch are understood too.
  public init?(name: String) {
    switch name.lowercased() {
    case "f32", "float32", "float": self = .float32
    case "f16", "float16", "half": self = .float16
    case "bf16", "bfloat16": self = .bfloat16
    case "i8", "int8": self = .int8Blocks
    case "u32", "uint32": self = .uint32
    default: return nil
    }
  }

  /// The bytes of one stored number, scales not counted.
  public var width: Int {
    switch self {
    case .float32, .uint32: 4
    case .float16, .bfloat16: 2
    case .int8Blocks: 1
    }
  }

  /// The bytes a tensor takes before compression, or nil when the number does not fit an `Int`.
  ///
  /// - Parameter shape: outermost dimension first; the last one is the row that blocks are cut from.
  public func byteCount(shape: [Int]) -> Int? {
    guard let count = FrameShape.count(shape) else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: width)
    guard !overflow else { return nil }
    guard self == .int8Blocks else { return bytes }
    guard let scales = FrameShape.blockCount(shape) else { return nil }
    let (scaleBytes, scaleOverflow) = scales.multipliedReportingOverflow(by: 4)
    let (total, totalOverflow) = bytes.addingReportingOverflow(scaleBytes)
    return scaleOverflow || totalOverflow ? nil : total
  }
}
