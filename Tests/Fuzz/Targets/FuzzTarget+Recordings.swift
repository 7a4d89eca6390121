import Compression
import Recordings

extension FuzzTarget {
  /// A file is refused or opened; whatever is opened can be replayed, searched and summarised.
  ///
  /// Checksums of the header and of records in a row are mended first.
  package static let recordings = FuzzTarget(name: "recordings") { input in
    let promise = ScratchFile.with(mended(input), named: "r.nsrec") { path -> String? in
      guard let reader = try? RecordingReader(path: path) else { return nil }
      _ = RecordingSummary(recordingID: "r", reader).json
      var replay = RecordingReplay(reader, from: 2)
      while let item = try? replay.next() { _ = item.microseconds }
      _ = reader.firstIndex(atSequence: 5)
      var exported = 0
      try? NPZExport.write(reader) { exported += $0.count }
      try? SafetensorsExport.write(reader) { exported += $0.count }
      let isWhole = (try? reader.verify()) != nil
      return isWhole && !reader.isComplete ? "a damaged file passes for whole" : nil
    }
    return promise.flatMap { $0 }
  }

  private static func mended(_ input: [UInt8]) -> [UInt8] {
    guard input.count >= 32 else { return input }
    var bytes = input
    store(CRC32.of(Array(bytes[..<28])), at: 28, in: &bytes)
    var offset = 32
    while offset + 24 <= bytes.count {
      var length: UInt64 = 0
      for place in 0..<8 { length |= UInt64(bytes[offset + 8 + place]) << UInt64(8 * place) }
      guard length <= UInt64(bytes.count) else { break }
      let end = offset + 24 + (Int(length) + 7) / 8 * 8
      guard end <= bytes.count else { break }
      var sum = CRC32()
      bytes[offset..<offset + 4].withUnsafeBytes { sum.update($0) }
      bytes[(offset + 8)..<end].withUnsafeBytes { sum.update($0) }
      store(sum.value, at: offset + 4, in: &bytes)
      offset = end
    }
    return bytes
  }

  private static func store(_ value: UInt32, at offset: Int, in bytes: inout [UInt8]) {
    for place in 0..<4 { bytes[offset + place] = UInt8(value >> UInt32(8 * place) & 0xff) }
  }
}
