/// A recording's frames in a format of other programs, made piece by piece: a tensor at a time, never the whole file.
///
/// All frames are read once when it is made, so what can't be exported is known before the first piece.
package protocol RecordingExport: Sendable {
  init(_ reader: RecordingReader, asSingles: Bool) throws(RecordingError)
  /// The next piece; nil after the last one.
  mutating func next() throws(RecordingError) -> [UInt8]?
}

extension RecordingExport {
  /// Hands out all pieces.
  package static func write(
    _ reader: RecordingReader, to output: ([UInt8]) throws(RecordingError) -> Void
  ) throws(RecordingError) {
    var export = try Self(reader, asSingles: false)
    while let piece = try export.next() { try output(piece) }
  }
}
