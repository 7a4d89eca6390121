internal import Compression

/// A recording's frames as an NPZ file: a ZIP archive of NPY arrays, stored, as `numpy.savez` writes it.
///
/// Arrays are named `hook/step/first position`. NumPy has no bfloat16, so such frames become float32.
package enum NPZExport {
  /// Writes the archive piece by piece.
  ///
  /// - Throws: `exportTooLarge` past 4 GiB, where ZIP would need its 64-bit extension.
  package static func write(
    _ reader: RecordingReader, to output: ([UInt8]) throws(RecordingError) -> Void
  ) throws(RecordingError) {
    var directory: [UInt8] = []
    var offset = 0
    var count = 0
    for tensor in try ExportedTensor.all(in: reader) {
      let file = try array(tensor, reader)
      let entry = ZipEntry(name: tensor.name + ".npy", file: file, offset: offset)
      guard offset + file.count + directory.count <= Int(UInt32.max) - (1 << 20), count < 0xffff
      else { throw .exportTooLarge(bytes: offset + file.count) }
      try output(entry.localHeader)
      try output(file)
      offset += entry.localHeader.count + file.count
      directory += entry.directoryEntry
      count += 1
    }
    try output(directory + ZipEntry.end(count: count, size: directory.count, offset: offset))
  }

  /// One array in NPY version 1.0.
  private static func array(
    _ tensor: ExportedTensor, _ reader: RecordingReader
  ) throws(RecordingError) -> [UInt8] {
    var data = try tensor.bytes(reader)
    if tensor.element == .bfloat16 { data = widened(data) }
    let shape = tensor.shape.map { "\($0)," }.joined(separator: " ")
    var header =
      "{'descr': '\(tensor.element.numpyName)', 'fortran_order': False, 'shape': (\(shape)), }"
    // Magic, version and length are 10 bytes; the numbers begin at a multiple of 64.
    while (10 + header.utf8.count + 1) % 64 != 0 { header += " " }
    header += "\n"
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
    RecordingLayout.append(UInt16(truncatingIfNeeded: header.utf8.count), to: &bytes)
    return bytes + Array(header.utf8) + data
  }

  /// The singles whose upper halves these are.
  private static func widened(_ halves: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(halves.count * 2)
    for index in stride(from: 0, to: halves.count - 1, by: 2) {
      bytes += [0, 0, halves[index], halves[index + 1]]
    }
    return bytes
  }
}

extension ExportedTensor.Element {
  var numpyName: String {
    switch self {
    case .float32, .bfloat16: "<f4"
    case .float16: "<f2"
    case .uint32: "<u4"
    }
  }
}

/// A file of a ZIP archive that is stored as it is.
struct ZipEntry {
  var name: String
  var size: UInt32
  var checksum: UInt32
  var offset: Int

  init(name: String, file: [UInt8], offset: Int) {
    self.name = name
    size = UInt32(truncatingIfNeeded: file.count)
    checksum = CRC32.of(file)
    self.offset = offset
  }

  /// What precedes the file.
  var localHeader: [UInt8] {
    var bytes: [UInt8] = []
    RecordingLayout.append(UInt32(0x0403_4b50), to: &bytes)
    appendCommon(to: &bytes)
    return bytes + Array(name.utf8)
  }

  /// The file's entry in the directory at the end.
  var directoryEntry: [UInt8] {
    var bytes: [UInt8] = []
    RecordingLayout.append(UInt32(0x0201_4b50), to: &bytes)
    RecordingLayout.append(UInt16(20), to: &bytes)
    appendCommon(to: &bytes)
    // Comment, disk, internal and external attributes.
    bytes += [UInt8](repeating: 0, count: 10)
    RecordingLayout.append(UInt32(truncatingIfNeeded: offset), to: &bytes)
    return bytes + Array(name.utf8)
  }

  /// Version 2.0, UTF-8 names, stored, 1980-01-01.
  private func appendCommon(to bytes: inout [UInt8]) {
    RecordingLayout.append(UInt16(20), to: &bytes)
    RecordingLayout.append(UInt16(0x0800), to: &bytes)
    RecordingLayout.append(UInt16(0), to: &bytes)
    RecordingLayout.append(UInt16(0), to: &bytes)
    RecordingLayout.append(UInt16(0x0021), to: &bytes)
    RecordingLayout.append(checksum, to: &bytes)
    RecordingLayout.append(size, to: &bytes)
    RecordingLayout.append(size, to: &bytes)
    RecordingLayout.append(UInt16(truncatingIfNeeded: name.utf8.count), to: &bytes)
    RecordingLayout.append(UInt16(0), to: &bytes)
  }

  /// What ends the archive.
  static func end(count: Int, size: Int, offset: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    RecordingLayout.append(UInt32(0x0605_4b50), to: &bytes)
    RecordingLayout.append(UInt32(0), to: &bytes)
    RecordingLayout.append(UInt16(truncatingIfNeeded: count), to: &bytes)
    RecordingLayout.append(UInt16(truncatingIfNeeded: count), to: &bytes)
    RecordingLayout.append(UInt32(truncatingIfNeeded: size), to: &bytes)
    RecordingLayout.append(UInt32(truncatingIfNeeded: offset), to: &bytes)
    RecordingLayout.append(UInt16(0), to: &bytes)
    return bytes
  }
}
