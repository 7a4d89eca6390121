import Compression
import Frames

extension FuzzTarget {
  /// A frame is refused or decoded; decoding a stream of frames does not depend on its pieces.
  ///
  /// The checksum is mended first, or no input would ever get behind it.
  package static let frames = FuzzTarget(name: "frames") { input in
    let bytes = mended(input)
    let limits = FrameLimits(tensorBytes: 1 << 16)
    if let frame = try? FrameBytes(checking: bytes, limits: limits) {
      let description = frame.frame
      if let values = try? frame.values(), values.count != description.elementCount {
        return "\(values.count) values for the shape \(description.shape)"
      }
      if let indices = try? frame.indices(), indices.count != description.elementCount {
        return "\(indices.count) indices for the shape \(description.shape)"
      }
    }
    let whole = stream(bytes, piece: max(1, bytes.count), limits)
    return stream(bytes, piece: 3, limits) == whole ? nil : "pieces are read differently"
  }

  /// The bytes with the checksum that a frame over all of them would have.
  private static func mended(_ input: [UInt8]) -> [UInt8] {
    guard input.count >= 64 else { return input }
    var sum = CRC32()
    input[..<56].withUnsafeBytes { sum.update($0) }
    input[60...].withUnsafeBytes { sum.update($0) }
    var bytes = input
    for place in 0..<4 { bytes[56 + place] = UInt8(sum.value >> UInt32(8 * place) & 0xff) }
    return bytes
  }

  private static func stream(_ bytes: [UInt8], piece: Int, _ limits: FrameLimits) -> [String] {
    var decoder = FrameDecoder(limits: limits)
    var lines: [String] = []
    do {
      for start in stride(from: 0, to: bytes.count, by: piece) {
        decoder.receive(Array(bytes[start..<min(start + piece, bytes.count)]))
        while let frame = try decoder.next() { lines.append("\(frame.frame)") }
      }
      try decoder.finish()
    } catch FrameError.magic {
      // A wrong beginning is refused at its first byte, and says as much of it as had come.
      lines.append("magic")
    } catch {
      lines.append("\(error)")
    }
    return lines
  }
}
