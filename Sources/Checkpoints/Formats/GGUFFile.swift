/// A GGUF file (versions 2 and 3, little-endian): its metadata and its tensors' places.
///
/// Layout: magic, version, counts, metadata pairs, tensor descriptions, padding to the alignment, data.
/// Offsets of tensors count from the start of the data section.
struct GGUFFile: Sendable {
  let mapping: Mapping
  let version: Int
  /// Metadata by key; arrays stay in the file.
  let fields: [String: GGUFValue]
  /// In the file's order.
  let tensors: [TensorEntry]

  /// What a file may ask for; a real one stays far below.
  enum Limits {
    static let fields = 65_536
    static let tensors = 1 << 16
    static let keyBytes = 65_535
    static let nameBytes = 1_024
    static let stringBytes = 1 << 24
    /// Strings in all arrays together: token lists and merges, bounded because each costs memory.
    static let strings = 1 << 20
    /// Arrays inside arrays, which the format allows and no key that is read has.
    static let arrayDepth = 8
    static let dimensions = 4
    static let alignment = 1 << 20
  }
}

extension GGUFFile {
  /// Decodes an array of integers of any width.
  func integers(_ array: GGUFArray, _ field: String) throws(CheckpointError) -> [Int] {
    var reader = ByteReader(mapping, offset: array.offset)
    var values: [Int] = []
    values.reserveCapacity(array.count)
    for _ in 0..<array.count {
      guard case .integer(let value) = try Self.scalar(array.element, field, &reader) else {
        throw reader.damaged(field, expected: "an array of integers", found: "\(array.element)")
      }
      values.append(value)
    }
    return values
  }

  /// Decodes an array of numbers, integers included.
  func floats(_ array: GGUFArray, _ field: String) throws(CheckpointError) -> [Float] {
    var reader = ByteReader(mapping, offset: array.offset)
    var values: [Float] = []
    values.reserveCapacity(array.count)
    for _ in 0..<array.count {
      switch try Self.scalar(array.element, field, &reader) {
      case .number(let value): values.append(Float(value))
      case .integer(let value): values.append(Float(value))
      default:
        throw reader.damaged(field, expected: "an array of numbers", found: "\(array.element)")
      }
    }
    return values
  }

  /// Decodes an array of booleans.
  func booleans(_ array: GGUFArray, _ field: String) throws(CheckpointError) -> [Bool] {
    var reader = ByteReader(mapping, offset: array.offset)
    var values: [Bool] = []
    values.reserveCapacity(array.count)
    for _ in 0..<array.count {
      guard case .bool(let value) = try Self.scalar(array.element, field, &reader) else {
        throw reader.damaged(field, expected: "an array of booleans", found: "\(array.element)")
      }
      values.append(value)
    }
    return values
  }

  /// Decodes an array of strings; bytes that are no UTF-8 become U+FFFD.
  func strings(_ array: GGUFArray, _ field: String) throws(CheckpointError) -> [String] {
    var reader = ByteReader(mapping, offset: array.offset)
    guard array.element == .string else {
      throw reader.damaged(field, expected: "an array of strings", found: "\(array.element)")
    }
    var values: [String] = []
    values.reserveCapacity(array.count)
    for _ in 0..<array.count {
      values.append(try reader.string(field, limit: Limits.stringBytes))
    }
    return values
  }
}
