/// A strict cursor over little-endian binary: every read is checked against what is left.
///
/// It borrows the mapping's bytes and keeps the mapping alive. After a throw its position is unspecified.
struct ByteReader {
  private let mapping: Mapping
  private(set) var offset: Int

  init(_ mapping: Mapping, offset: Int = 0) {
    self.mapping = mapping
    self.offset = offset
  }

  var remaining: Int { mapping.count - offset }
  var path: String { mapping.path }

  /// The next `count` bytes, lent.
  mutating func bytes(_ count: Int, _ field: String) throws(CheckpointError)
    -> UnsafeRawBufferPointer
  {
    guard let slice = mapping.slice(offset: offset, count: count) else {
      throw damaged(field, expected: "\(count) bytes", found: "\(remaining) left in the file")
    }
    offset += count
    return slice
  }

  /// A little-endian integer of its type's width.
  mutating func integer<T: FixedWidthInteger>(_ type: T.Type, _ field: String)
    throws(CheckpointError) -> T
  {
    T(littleEndian: try bytes(MemoryLayout<T>.size, field).loadUnaligned(as: T.self))
  }

  /// A 64-bit count that must not exceed `limit`.
  mutating func count(_ field: String, limit: Int) throws(CheckpointError) -> Int {
    let start = offset
    let value = try integer(UInt64.self, field)
    guard let count = Int(exactly: value), count <= limit else {
      throw damaged(field, expected: "at most \(limit)", found: "\(value)", at: start)
    }
    return count
  }

  /// A 64-bit length and as many bytes of text (GGUF's string).
  mutating func string(_ field: String, limit: Int) throws(CheckpointError) -> String {
    let length = try count(field, limit: min(limit, max(remaining - 8, 0)))
    return String(decoding: try bytes(length, field), as: UTF8.self)
  }

  /// Passes over a string without making it.
  mutating func skipString(_ field: String, limit: Int) throws(CheckpointError) {
    let length = try count(field, limit: min(limit, max(remaining - 8, 0)))
    _ = try bytes(length, field)
  }

  func damaged(_ field: String, expected: String, found: String, at place: Int? = nil)
    -> CheckpointError
  {
    CheckpointError(
      .damaged, file: mapping.path, .field(field), expected: expected, found: found,
      offset: place ?? offset)
  }
}
