internal import JSON

/// A walk over JSON that refuses with this room's errors.
typealias JSONReader = JSONScanner<CheckpointError>

/// JSON in files from strangers: bounded in bytes, depth and values, and refused where a name stands twice.
enum JSONFile {
  /// Bytes of a file that is read whole.
  static let byteLimit = 16 << 20
  /// Values that a configuration may hold.
  static let valueLimit = 1 << 18

  /// A tree of the whole file: for configurations, never for headers or vocabularies.
  static func read(_ mapping: Mapping) throws(CheckpointError) -> JSONValue {
    var json = try scanner(mapping)
    let value = try json.value()
    try json.end()
    return value
  }

  /// A walk over the whole file.
  static func scanner(_ mapping: Mapping) throws(CheckpointError) -> JSONReader {
    guard mapping.count <= byteLimit else {
      throw CheckpointError(
        .unsupported, file: mapping.path, .file, expected: "at most \(byteLimit) bytes",
        found: "\(mapping.count)")
    }
    return try scanner(mapping, 0..<mapping.count)
  }

  /// A walk over a range that lies inside the file; errors count from the file's start.
  static func scanner(_ mapping: Mapping, _ range: Range<Int>) throws(CheckpointError) -> JSONReader
  {
    let bytes = mapping.slice(offset: range.lowerBound, count: range.count).map(Array.init) ?? []
    let rules = JSONRules(values: valueLimit, allowsRepeats: false, allowsInfinities: true)
    let path = mapping.path
    return try JSONReader(bytes, origin: range.lowerBound, rules) {
      CheckpointError(
        .damaged, file: path, .field("JSON"), expected: $0.expected, found: $0.found,
        offset: $0.offset)
    }
  }
}
