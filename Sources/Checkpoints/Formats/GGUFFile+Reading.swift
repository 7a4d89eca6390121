extension GGUFFile {
  /// Reads and checks everything in front of the data, and every tensor's place in it.
  ///
  /// - Throws: ``CheckpointError`` naming the field or tensor, before anything larger than the file is asked of
  ///   the allocator.
  init(_ mapping: Mapping) throws(CheckpointError) {
    self.mapping = mapping
    var reader = ByteReader(mapping)
    version = try Self.version(&reader)
    let tensorCount = try reader.count("tensor_count", limit: Limits.tensors)
    let fieldCount = try reader.count("metadata_kv_count", limit: Limits.fields)
    fields = try Self.fields(&reader, count: fieldCount)
    var plans: [Plan] = []
    plans.reserveCapacity(min(tensorCount, reader.remaining / 24))
    for _ in 0..<tensorCount { plans.append(try Self.plan(&reader)) }
    let alignment = try Self.alignment(fields, mapping.path)
    let padding = (alignment - reader.offset % alignment) % alignment
    tensors = try Self.place(
      plans, dataStart: reader.offset + padding, alignment: alignment, mapping)
  }

  /// True for a file that begins as GGUF does.
  static func recognises(_ mapping: Mapping) -> Bool {
    mapping.withBytes { bytes in
      bytes.count >= 4 && bytes.loadUnaligned(as: UInt32.self).littleEndian == magic
    }
  }

  /// "GGUF" read as a little-endian integer.
  private static let magic: UInt32 = 0x4655_4747

  private static func version(_ reader: inout ByteReader) throws(CheckpointError) -> Int {
    guard try reader.integer(UInt32.self, "magic") == magic else {
      throw reader.damaged("magic", expected: "GGUF", found: "other bytes", at: 0)
    }
    let version = try reader.integer(UInt32.self, "version")
    guard version == 2 || version == 3 else {
      let isSwapped = version.byteSwapped == 2 || version.byteSwapped == 3
      throw reader.damaged(
        "version", expected: "2 or 3, little-endian",
        found: isSwapped ? "a big-endian file" : "\(version)", at: 4)
    }
    return Int(version)
  }

  // MARK: Metadata

  private static func fields(_ reader: inout ByteReader, count: Int) throws(CheckpointError)
    -> [String: GGUFValue]
  {
    var fields: [String: GGUFValue] = [:]
    var strings = 0
    for index in 0..<count {
      let start = reader.offset
      let key = try reader.string("key \(index)", limit: Limits.keyBytes)
      let code = try self.code(&reader, key)
      let value =
        code == .array
        ? try array(&reader, key, strings: &strings) : try scalar(code, key, &reader)
      guard fields.updateValue(value, forKey: key) == nil else {
        throw reader.damaged(key, expected: "every key once", found: "it twice", at: start)
      }
    }
    return fields
  }

  private static func code(_ reader: inout ByteReader, _ key: String) throws(CheckpointError)
    -> GGUFValue.Code
  {
    let start = reader.offset
    let number = try reader.integer(UInt32.self, key)
    guard let code = GGUFValue.Code(rawValue: number) else {
      throw reader.damaged(
        key, expected: "a value type from 0 to 12", found: "\(number)", at: start)
    }
    return code
  }

  static func scalar(_ code: GGUFValue.Code, _ key: String, _ reader: inout ByteReader)
    throws(CheckpointError) -> GGUFValue
  {
    let start = reader.offset
    switch code {
    case .uint8: return .integer(Int(try reader.integer(UInt8.self, key)))
    case .int8: return .integer(Int(try reader.integer(Int8.self, key)))
    case .uint16: return .integer(Int(try reader.integer(UInt16.self, key)))
    case .int16: return .integer(Int(try reader.integer(Int16.self, key)))
    case .uint32: return .integer(Int(try reader.integer(UInt32.self, key)))
    case .int32: return .integer(Int(try reader.integer(Int32.self, key)))
    case .int64: return .integer(Int(try reader.integer(Int64.self, key)))
    case .uint64:
      let value = try reader.integer(UInt64.self, key)
      return Int(exactly: value).map { .integer($0) } ?? .unsigned(value)
    case .float32:
      return .number(Double(Float(bitPattern: try reader.integer(UInt32.self, key))))
    case .float64: return .number(Double(bitPattern: try reader.integer(UInt64.self, key)))
    case .bool:
      let byte = try reader.integer(UInt8.self, key)
      guard byte <= 1 else {
        throw reader.damaged(key, expected: "a boolean, 0 or 1", found: "\(byte)", at: start)
      }
      return .bool(byte == 1)
    case .string: return .string(try reader.string(key, limit: Limits.stringBytes))
    case .array:
      throw reader.damaged(key, expected: "a plain value", found: "an array", at: start)
    }
  }

  /// Walks an array to its end, so that decoding it later meets nothing new.
  private static func array(
    _ reader: inout ByteReader, _ key: String, strings: inout Int, depth: Int = 0
  ) throws(CheckpointError) -> GGUFValue {
    let element = try code(&reader, key)
    if element == .array { return try nested(&reader, key, strings: &strings, depth: depth) }
    // A string needs 8 bytes for its length; the file can't hold more elements than it has bytes for.
    let most = max(reader.remaining - 8, 0) / (element.width ?? 8)
    let count = try reader.count("\(key) (count)", limit: most)
    let offset = reader.offset
    if let width = element.width {
      _ = try reader.bytes(count * width, key)
    } else {
      strings += count
      guard strings <= Limits.strings else {
        throw reader.damaged(
          key, expected: "at most \(Limits.strings) strings in all arrays", found: "\(strings)",
          at: offset)
      }
      for _ in 0..<count { try reader.skipString(key, limit: Limits.stringBytes) }
    }
    return .array(GGUFArray(element: element, count: count, offset: offset))
  }

  /// Walks arrays in an array, which no key that is read holds.
  private static func nested(
    _ reader: inout ByteReader, _ key: String, strings: inout Int, depth: Int
  ) throws(CheckpointError) -> GGUFValue {
    guard depth < Limits.arrayDepth else {
      throw reader.damaged(
        key, expected: "arrays at most \(Limits.arrayDepth) deep", found: "deeper ones")
    }
    // Each needs 12 bytes for its type and count.
    let count = try reader.count("\(key) (count)", limit: max(reader.remaining - 8, 0) / 12)
    for _ in 0..<count { _ = try array(&reader, key, strings: &strings, depth: depth + 1) }
    return .nested(count: count)
  }

  private static func alignment(_ fields: [String: GGUFValue], _ path: String)
    throws(CheckpointError) -> Int
  {
    let key = "general.alignment"
    guard let field = fields[key] else { return 32 }
    guard case .integer(let value) = field, value >= 8, value <= Limits.alignment,
      value & (value - 1) == 0
    else {
      throw CheckpointError(
        .damaged, file: path, .field(key), expected: "a power of two from 8 to \(Limits.alignment)",
        found: field == .integer(0) ? "0" : "\(field)")
    }
    return value
  }

  // MARK: Tensors

  /// A tensor as described, before its place is known to lie in the file.
  private struct Plan {
    let name: String
    let shape: [Int]
    let type: StoredType
    let byteCount: Int
    let offset: UInt64
    /// Where the description lies, for errors.
    let place: Int
  }

  private static func plan(_ reader: inout ByteReader) throws(CheckpointError) -> Plan {
    let place = reader.offset
    let name = try reader.string("a tensor's name", limit: Limits.nameBytes)
    let dimensions = try reader.integer(UInt32.self, name)
    guard (1...UInt32(Limits.dimensions)).contains(dimensions) else {
      throw reader.damaged(
        name, expected: "1 to \(Limits.dimensions) dimensions", found: "\(dimensions)", at: place)
    }
    var shape: [Int] = []
    for _ in 0..<dimensions {
      let extent = try reader.count(name, limit: Int.max)
      guard extent > 0 else {
        throw reader.damaged(name, expected: "positive dimensions", found: "0", at: place)
      }
      shape.insert(extent, at: 0)
    }
    let number = try reader.integer(UInt32.self, name)
    guard let type = StoredType.gguf[number] else {
      throw CheckpointError(
        .unsupported, file: reader.path, .tensor(name), expected: "a known tensor type",
        found: "type \(number)", offset: place)
    }
    guard let byteCount = type.byteCount(shape: shape) else {
      throw CheckpointError(
        .damaged, file: reader.path, .tensor(name),
        expected: "rows of whole \(type.name) blocks of \(type.itemsPerBlock)", found: "\(shape)",
        offset: place)
    }
    return Plan(
      name: name, shape: shape, type: type, byteCount: byteCount,
      offset: try reader.integer(UInt64.self, name), place: place)
  }

  private static func place(
    _ plans: [Plan], dataStart: Int, alignment: Int, _ mapping: Mapping
  ) throws(CheckpointError) -> [TensorEntry] {
    var entries: [TensorEntry] = []
    var names: Set<String> = []
    for plan in plans {
      func wrong(_ expected: String, _ found: String) -> CheckpointError {
        CheckpointError(
          .damaged, file: mapping.path, .tensor(plan.name), expected: expected, found: found,
          offset: plan.place)
      }
      guard names.insert(plan.name).inserted else { throw wrong("every name once", "it twice") }
      guard plan.offset % UInt64(alignment) == 0 else {
        throw wrong("an offset in steps of \(alignment)", "\(plan.offset)")
      }
      let room = max(mapping.count - dataStart, 0)
      guard plan.offset <= UInt64(room), plan.byteCount <= room - Int(plan.offset) else {
        throw wrong(
          "\(plan.byteCount) bytes from byte \(plan.offset) of the data section",
          "a data section of \(room) bytes")
      }
      let start = dataStart + Int(plan.offset)
      guard
        let entry = TensorEntry(
          name: plan.name, shape: plan.shape, type: plan.type, mapping: mapping,
          range: start..<(start + plan.byteCount))
      else { throw wrong("\(plan.byteCount) bytes", "another length") }
      entries.append(entry)
    }
    try TensorEntry.refuseOverlap(entries)
    return entries
  }
}

extension TensorEntry {
  /// No two tensors of a file may share bytes.
  static func refuseOverlap(_ entries: [TensorEntry]) throws(CheckpointError) {
    let sorted = entries.filter { !$0.range.isEmpty }.sorted {
      $0.range.lowerBound < $1.range.lowerBound
    }
    for (first, second) in zip(sorted, sorted.dropFirst())
    where second.range.lowerBound < first.range.upperBound {
      throw CheckpointError(
        .damaged, file: second.mapping.path, .tensor(second.name),
        expected: "bytes of its own, after byte \(first.range.upperBound)",
        found: "bytes shared with '\(first.name)'", offset: second.range.lowerBound)
    }
  }
}
