import Testing

@testable import Recordings

@Suite struct RecordingReaderTests {
  @Test func `a finished recording replays the bytes it was given`() throws {
    try SampleRecording.inFolder { folder in
      let (path, items) = try SampleRecording.finished(folder)
      let reader = try RecordingReader(path: path)
      #expect(reader.isComplete)
      #expect(reader.metadata == SampleRecording.metadata)
      #expect(reader.createdMilliseconds == 1_700_000_000_000)
      #expect(try SampleRecording.replayed(reader) == items)
      #expect(try SampleRecording.replayed(reader, from: 3, to: 5) == Array(items[3...5]))
      #expect(try SampleRecording.replayed(reader, from: 100) == [])
      try reader.verify()
      #expect(reader.entries.allSatisfy { $0.offset % 8 == 0 })
    }
  }

  @Test func `the front and the index tell the same`() throws {
    try SampleRecording.inFolder { folder in
      let (path, _) = try SampleRecording.finished(folder)
      let whole = try RecordingReader(path: path)
      try SampleRecording.put(SampleRecording.contents(path).dropLast(1), path + "x")
      let scanned = try RecordingReader(path: path + "x")
      #expect(scanned.entries == whole.entries)
      #expect(!scanned.isComplete)
    }
  }

  @Test func `cut at any byte, it opens up to its last whole record and says so`() throws {
    try SampleRecording.inFolder { folder in
      let (path, items) = try SampleRecording.finished(folder, frames: 2)
      let bytes = try SampleRecording.contents(path)
      let whole = try RecordingReader(path: path)
      let first = try #require(whole.entries.first)
      let cut = folder.path + "/cut"
      var wrong: [Int] = []
      for count in 0..<bytes.count {
        try SampleRecording.put(Array(bytes.prefix(count)), cut)
        let reader = try? RecordingReader(path: cut)
        guard let reader, let damage = reader.damage else {
          if reader != nil || count >= first.offset + first.size { wrong.append(count) }
          continue
        }
        let isRight =
          try reader.entries == whole.entries.filter { $0.offset + $0.size <= count }
          && items.starts(with: SampleRecording.replayed(reader))
          && damage.wholeBytes + damage.lostBytes == count
          && (damage.lostBytes > 0) == (damage.reason != .noIndex)
          && (try? reader.verify()) == nil
        if !isRight { wrong.append(count) }
      }
      #expect(wrong == [])
    }
  }

  @Test func `every flipped bit is noticed, and none reaches a replay`() throws {
    try SampleRecording.inFolder { folder in
      let (path, items) = try SampleRecording.smallest(folder)
      let bytes = try SampleRecording.contents(path)
      let changed = folder.path + "/changed"
      var unnoticed: [Int] = []
      for bit in 0..<bytes.count * 8 {
        var bad = bytes
        bad[bit / 8] ^= 1 << UInt8(bit % 8)
        try SampleRecording.put(bad, changed)
        guard let reader = try? RecordingReader(path: changed) else { continue }
        if (try? reader.verify()) != nil { unnoticed.append(bit) }
        guard let replayed = try? SampleRecording.replayed(reader) else { continue }
        if !items.starts(with: replayed) || replayed.count < items.count && reader.isComplete {
          unnoticed.append(bit)
        }
      }
      #expect(unnoticed == [])
    }
  }

  @Test func `bytes behind the end are told of`() throws {
    try SampleRecording.inFolder { folder in
      let (path, items) = try SampleRecording.finished(folder)
      try SampleRecording.put(SampleRecording.contents(path) + [1, 2, 3], path + "x")
      let reader = try RecordingReader(path: path + "x")
      #expect(reader.damage?.reason == .index)
      #expect(try SampleRecording.replayed(reader) == items)
    }
  }

  @Test func `what is no recording is refused`() throws {
    try SampleRecording.inFolder { folder in
      let path = folder.path + "/x"
      #expect(throws: RecordingError.file(operation: "open", errno: 2, path: path)) {
        try RecordingReader(path: path)
      }
      try SampleRecording.put([], path)
      #expect(throws: RecordingError.notARecording) { try RecordingReader(path: path) }
      try SampleRecording.put(Array("GGUF and more than a header's worth of text".utf8), path)
      #expect(throws: RecordingError.notARecording) { try RecordingReader(path: path) }
    }
  }

  @Test func `records are found by number`() throws {
    try SampleRecording.inFolder { folder in
      let (path, _) = try SampleRecording.finished(folder)
      let reader = try RecordingReader(path: path)
      for sequence in 0...8 as ClosedRange<UInt64> {
        #expect(reader.entries[reader.firstIndex(atSequence: sequence)].sequence == sequence)
      }
      #expect(reader.firstIndex(atSequence: 9) == reader.entries.count)
      #expect(throws: RecordingError.noRecord(99)) { try reader.payload(99) }
    }
  }
}
