package import Frames

/// Walks through what viewers were sent, in order, between two sequence numbers.
///
/// ```swift
/// var replay = RecordingReplay(reader, from: 0, to: nil)
/// while let item = try replay.next() { … }
/// ```
package struct RecordingReplay {
  /// One thing to send again.
  package struct Item {
    /// When it was sent first, in microseconds since the recording began.
    package var microseconds: UInt64
    package var sequence: UInt64
    package var content: Content
  }

  /// What is sent: the very bytes of the first time.
  package enum Content {
    /// A line of JSON.
    case event([UInt8])
    case frame(FrameBytes)
    /// A change of hooks or interventions, which viewers saw only by its event.
    case change([UInt8])
  }

  private let reader: RecordingReader
  private let last: UInt64
  private var index: Int

  /// Begins at the first event or frame numbered `from` or later and ends after number `to`.
  package init(_ reader: RecordingReader, from: UInt64 = 0, to: UInt64? = nil) {
    self.reader = reader
    last = to ?? .max
    index = from == 0 ? 0 : reader.firstIndex(atSequence: from)
  }

  /// When the next item was sent; nil at the end.
  package var nextMicroseconds: UInt64? {
    var index = index
    while index < reader.entries.count {
      let entry = reader.entries[index]
      if isReplayed(entry) { return entry.microseconds }
      index += 1
    }
    return nil
  }

  /// The next item, or nil at the end.
  ///
  /// - Throws: `damaged` for a record that was changed.
  package mutating func next() throws(RecordingError) -> Item? {
    while index < reader.entries.count {
      let current = index
      let entry = reader.entries[current]
      index += 1
      guard isReplayed(entry) else { continue }
      let content: Content =
        switch entry.type {
        case .frame: .frame(try reader.frame(current))
        case .change: .change(try reader.payload(current))
        default: .event(try reader.payload(current))
        }
      return Item(microseconds: entry.microseconds, sequence: entry.sequence, content: content)
    }
    return nil
  }

  private func isReplayed(_ entry: RecordingEntry) -> Bool {
    switch entry.type {
    case .event, .frame: entry.sequence <= last
    case .change: true
    case .metadata, .request, .index: false
    }
  }
}
