internal import Compression

/// A recording's frames as an NPZ file: a ZIP archive of NPY arrays, stored, as `numpy.savez` writes it.
///
/// Arrays are named `hook/step/first position`. NumPy has no bfloat16, so such frames become float32.
package struct NPZExport: RecordingExport {
  private let reader: RecordingReader
  private let tensors: [ExportedTensor]
  private var place = 0
  private var offset = 0
  private var directory: [UInt8]? = []

  /// - Parameter asSingles: whether all numbers but integers are written as singles.
  /// - Throws: `exportTooLarge` past 4 GiB, where ZIP would need its 64-bit extension.
  package init(_ reader: RecordingReader, asSingles: Bool = false) throws(RecordingError) {
    self.reader = reader
    tensors = try ExportedTensor.all(in: reader, asSingles: asSingles)
    // Headers of the array, and of the file in front and in the directory.
    let bytes = tensors.reduce(0) { sum, tensor in
      let (all, isTooLarge) = sum.addingReportingOverflow(
        Self.numberBytes(tensor) + Self.header(tensor).count + 76 + 2 * (tensor.name.utf8.count + 4)
      )
      return isTooLarge ? .max : all
    }
    guard bytes <= Int(UInt32.max) - (1 << 20), tensors.count < 0xffff else {
      throw .exportTooLarge(bytes: bytes)
    }
  }

  package mutating func next() throws(RecordingError) -> [UInt8]? {
    guard place < tensors.count else {
      defer { directory = nil }
      return directory.map {
        $0 + ZipEntry.end(count: tensors.count, size: $0.count, offset: offset)
      }
    }
    let tensor = tensors[place]
    place += 1
    var data = try tensor.bytes(reader)
    if tensor.element == .bfloat16 { data = Self.widened(data) }
    let file = Self.header(tensor) + data
    let entry = ZipEntry(name: tensor.name + ".npy", file: file, offset: offset)
    directory? += entry.directoryEntry
    let piece = entry.localHeader + file
    offset += piece.count
    return piece
  }

  private static func numberBytes(_ tensor: ExportedTensor) -> Int {
    tensor.element == .bfloat16 ? 2 * tensor.byteCount : tensor.byteCount
  }

  /// What stands before an array's numbers in NPY version 1.0.
  private static func header(_ tensor: ExportedTensor) -> [UInt8] {
    let shape = tensor.shape.map { "\($0)," }.joined(separator: " ")
    var header =
      "{'descr': '\(tensor.element.numpyName)', 'fortran_order': False, 'shape': (\(shape)), }"
    // Magic, version and length are 10 bytes; the numbers begin at a multiple of 64.
    while (10 + header.utf8.count + 1) % 64 != 0 { header += " " }
    header += "\n"
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
    RecordingLayout.append(UInt16(truncatingIfNeeded: header.utf8.count), to: &bytes)
    return bytes + Array(header.utf8)
  }

  /// The singles whose upper halves these are.
  private static func widened(_ halves: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: halves.count / 2 * 4) { bytes, count in
      for index in 0..<halves.count / 2 {
        bytes[4 * index] = 0
        bytes[4 * index + 1] = 0
        bytes[4 * index + 2] = halves[2 * index]
        bytes[4 * index + 3] = halves[2 * index + 1]
      }
      count = halves.count / 2 * 4
    }
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
