internal import JSON

/// A safetensors file: a length, a JSON header of that length, and the tensors' bytes behind it.
///
/// The rules of the format are all kept: the header lies inside the file, every `dtype` is known, every shape
/// fits its byte range, and the ranges cover the data from its first byte to its last without gaps or overlap.
struct SafetensorsFile: Sendable {
  let mapping: Mapping
  /// Sorted by where they lie.
  let tensors: [TensorEntry]
  /// The `__metadata__` entry named `format`: "pt", "mlx".
  let writer: String?

  /// The largest header the format allows.
  static let headerLimit = 100_000_000
  static let tensorLimit = 1 << 16
  static let dimensionLimit = 8

  init(_ mapping: Mapping) throws(CheckpointError) {
    self.mapping = mapping
    var reader = ByteReader(mapping)
    let limit = min(Self.headerLimit, max(mapping.count - 8, 0))
    let length = try reader.count("header length", limit: limit)
    let dataStart = 8 + length
    var json = try JSONFile.scanner(mapping, 8..<dataStart)
    var entries: [TensorEntry] = []
    var writer: String?
    guard json.isNext("{") else {
      throw json.fault("a header that is an object")
    }
    try json.members { (json: inout JSONReader, name: String) throws(CheckpointError) in
      if name == "__metadata__" {
        writer = try Self.metadata(&json)
      } else {
        let name = TensorNames.canonical(name)
        entries.append(try Self.entry(&json, name, dataStart: dataStart, mapping))
        guard entries.count <= Self.tensorLimit else {
          throw json.fault("at most \(Self.tensorLimit) tensors", found: "more")
        }
      }
    }
    try json.end()
    self.writer = writer
    tensors = entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    try Self.refuseGaps(tensors, dataStart: dataStart, mapping)
  }

  private static func metadata(_ json: inout JSONReader) throws(CheckpointError) -> String? {
    var writer: String?
    try json.members { (json: inout JSONReader, name: String) throws(CheckpointError) in
      let value = try json.string()
      if name == "format" { writer = value }
    }
    return writer
  }

  /// One tensor's description: `{"dtype": …, "shape": […], "data_offsets": [from, to]}`.
  private static func entry(
    _ json: inout JSONReader, _ name: String, dataStart: Int, _ mapping: Mapping
  ) throws(CheckpointError) -> TensorEntry {
    let place = json.offset
    func wrong(
      _ expected: String, _ found: String, _ kind: CheckpointError.Kind = .damaged
    ) -> CheckpointError {
      CheckpointError(
        kind, file: mapping.path, .tensor(name), expected: expected, found: found, offset: place)
    }
    var dtype: String?
    var shape: [Int]?
    var offsets: [Int]?
    guard json.isNext("{") else { throw wrong("a description", "something else") }
    try json.members { (json: inout JSONReader, key: String) throws(CheckpointError) in
      switch key {
      case "dtype": dtype = try json.string()
      case "shape": shape = try integers(&json, limit: dimensionLimit)
      case "data_offsets": offsets = try integers(&json, limit: 2)
      default: throw wrong("dtype, shape and data_offsets", "'\(key)'")
      }
    }
    guard let dtype, let shape, let offsets, offsets.count == 2 else {
      throw wrong("dtype, shape and two data_offsets", "not all of them")
    }
    guard let type = StoredType.safetensors[dtype] else {
      throw wrong("a known dtype", "'\(dtype)'", .unsupported)
    }
    let room = mapping.count - dataStart
    guard offsets[0] <= offsets[1], offsets[1] <= room else {
      throw wrong("offsets in order and up to \(room)", "\(offsets)")
    }
    guard let bytes = type.byteCount(shape: shape), bytes == offsets[1] - offsets[0] else {
      throw wrong(
        "\(offsets[1] - offsets[0]) bytes, as its offsets say", "\(type.name) of shape \(shape)")
    }
    let range = (dataStart + offsets[0])..<(dataStart + offsets[1])
    guard
      let entry = TensorEntry(name: name, shape: shape, type: type, mapping: mapping, range: range)
    else { throw wrong("bytes inside the file", "\(range)") }
    return entry
  }

  /// An array of integers from 0, at most `limit` of them.
  private static func integers(_ json: inout JSONReader, limit: Int) throws(CheckpointError)
    -> [Int]
  {
    var values: [Int] = []
    try json.elements { (json: inout JSONReader, _) throws(CheckpointError) in
      let start = json.position
      let value = try json.integer()
      guard value >= 0, values.count < limit else {
        throw json.fault("at most \(limit) integers from 0", found: "\(value)", at: start)
      }
      values.append(value)
    }
    return values
  }

  /// The data section must be covered exactly: a hole could hide what no header speaks of.
  private static func refuseGaps(
    _ tensors: [TensorEntry], dataStart: Int, _ mapping: Mapping
  ) throws(CheckpointError) {
    var next = dataStart
    for tensor in tensors {
      guard tensor.range.lowerBound == next else {
        throw CheckpointError(
          .damaged, file: mapping.path, .tensor(tensor.name),
          expected: "bytes from \(next), where the tensor before it ends",
          found: "bytes from \(tensor.range.lowerBound)", offset: tensor.range.lowerBound)
      }
      next = tensor.range.upperBound
    }
    guard next == mapping.count else {
      throw CheckpointError(
        .damaged, file: mapping.path, .file, expected: "the last tensor's end at \(mapping.count)",
        found: "\(next)", offset: next)
    }
  }
}
