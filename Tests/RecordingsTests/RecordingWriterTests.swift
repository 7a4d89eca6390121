import Glibc
import JSON
import Testing

@testable import Recordings

@Suite struct RecordingWriterTests {
  func writer(_ disk: SmallDisk, quota: Int = .max, buffer: Int = 1) throws -> RecordingWriter {
    try RecordingWriter(
      sink: disk, metadata: SampleRecording.metadata, createdMilliseconds: 0, quota: quota,
      bufferLimit: buffer)
  }

  /// The bytes of the whole sample.
  func sample() throws -> [UInt8] {
    let disk = SmallDisk(room: .max)
    let writer = try writer(disk)
    try SampleRecording.write(writer)
    try writer.finish()
    return disk.bytes
  }

  /// Writes the sample to a disk with so much room, and opens what is there when the disk is full.
  private func filled(_ disk: SmallDisk, buffer: Int, _ path: String) throws -> RecordingReader {
    let writer = try writer(disk, buffer: buffer)
    #expect(throws: RecordingError.diskFull(path: "small")) {
      try SampleRecording.write(writer)
      try writer.finish()
    }
    #expect(throws: RecordingError.closed) { try writer.flush() }
    #expect(disk.bytes.count <= disk.room)
    try SampleRecording.put(disk.bytes, path)
    return try RecordingReader(path: path)
  }

  @Test func `a disk that fills up at any byte leaves whole records`() throws {
    let sample = try sample()
    try SampleRecording.inFolder { folder in
      for buffer in [1, 500] {
        for room in stride(from: 250, to: sample.count, by: 37) {
          let disk = SmallDisk(room: room)
          let reader = try filled(disk, buffer: buffer, folder.path + "/full")
          // Where the index found room it is there all the same.
          #expect(reader.damage.map { $0.reason == .noIndex && $0.lostBytes == 0 } ?? true)
          let end = try #require(reader.entries.last).end
          #expect(disk.bytes.prefix(end) == sample.prefix(end))
        }
      }
    }
  }

  @Test func `a disk on which room can be taken ahead is left with a complete file`() throws {
    let sample = try sample()
    try SampleRecording.inFolder { folder in
      for buffer in [1, 500, 1 << 20] {
        for room in stride(from: 400, to: sample.count, by: 37) {
          let disk = SmallDisk(room: room, reserves: true)
          let reader = try filled(disk, buffer: buffer, folder.path + "/full")
          #expect(reader.isComplete)
          let end = try #require(reader.entries.last).end
          #expect(disk.bytes.prefix(end) == sample.prefix(end))
        }
      }
    }
  }

  @Test func `a file takes no more of the disk than it has when it is finished`() throws {
    try SampleRecording.inFolder { folder in
      let (path, _) = try SampleRecording.finished(folder)
      var status = stat()
      #expect(stat(path, &status) == 0)
      #expect(Int(status.st_blocks) * 512 <= (Int(status.st_size) + 8191) / 4096 * 4096)
    }
  }

  @Test func `a quota leaves room for the index, and the file is complete`() throws {
    let sample = try sample()
    try SampleRecording.inFolder { folder in
      let path = folder.path + "/quota"
      for quota in stride(from: 400, to: sample.count, by: 41) {
        let disk = SmallDisk(room: .max)
        let writer = try writer(disk, quota: quota)
        #expect(throws: RecordingError.quota(bytes: quota)) { try SampleRecording.write(writer) }
        try writer.finish()
        #expect(disk.bytes.count <= quota)
        try SampleRecording.put(disk.bytes, path)
        #expect(try RecordingReader(path: path).isComplete)
      }
    }
  }

  @Test func `the buffer's size does not change the file`() throws {
    let disk = SmallDisk(room: .max)
    let writer = try writer(disk, buffer: 1 << 20)
    try SampleRecording.write(writer)
    #expect(writer.count(of: .frame) == 4)
    #expect(writer.count(of: .event) == 5)
    try writer.finish()
    #expect(try disk.bytes == sample())
  }

  @Test func `a file that exists is not overwritten`() throws {
    try SampleRecording.inFolder { folder in
      let (path, _) = try SampleRecording.finished(folder)
      #expect(throws: RecordingError.file(operation: "open", errno: 17, path: path)) {
        try RecordingWriter(path: path, metadata: SampleRecording.metadata, createdMilliseconds: 0)
      }
    }
  }

  @Test func `a device is no recording's file`() {
    for mode in [RecordingFile.Mode.read(followsLinks: false), .read(followsLinks: true)] {
      #expect(throws: RecordingError.notARecording) { try RecordingFile(path: "/dev/full", mode) }
    }
  }
}

@Suite struct RecordingFolderTests {
  @Test func `recordings are listed with what they hold, junk is not`() throws {
    try SampleRecording.inFolder { folder in
      _ = try SampleRecording.finished(folder, "b")
      _ = try SampleRecording.finished(folder, "a", frames: 1)
      try SampleRecording.put([1, 2, 3], folder.path + "/junk.nsrec")
      try SampleRecording.put([1, 2, 3], folder.path + "/other.txt")
      let summaries = try folder.summaries()
      #expect(summaries.map(\.recordingID) == ["a", "b"])
      #expect(summaries.map(\.frames) == [1, 4])
      #expect(summaries.map(\.events) == [2, 5])
      #expect(summaries.map(\.isComplete) == [true, true])
      #expect(summaries[0].json["created"]?.integer == 1_700_000_000)
      try folder.remove("a")
      #expect(try folder.recordingIDs() == ["b", "junk"])
    }
  }

  @Test(arguments: [
    "", ".", "..", "../a", "a/b", ".hidden", "a\0b", "ä", String(repeating: "a", count: 129),
  ])
  func `an id cannot name anything outside the folder`(id: String) {
    #expect(RecordingFolder(path: "/r").file(of: id) == nil)
  }
}

@Suite struct ReplayClockTests {
  @Test func `records are due at the recorded pace, or faster, or at once`() {
    let plain = ReplayClock(speed: 1, record: 1000, now: 50)
    #expect(plain.wait(forRecord: 1000, now: 50) == 0)
    #expect(plain.wait(forRecord: 3000, now: 50) == 2000)
    #expect(plain.wait(forRecord: 3000, now: 1050) == 1000)
    #expect(plain.wait(forRecord: 3000, now: 9999) == 0)
    #expect(plain.wait(forRecord: 10, now: 0) == 0)
    #expect(ReplayClock(speed: 4, record: 0, now: 0).wait(forRecord: 4000, now: 0) == 1000)
    for speed in [0, -1, .nan, .infinity] as [Double] {
      #expect(ReplayClock(speed: speed, record: 0, now: 0).wait(forRecord: .max, now: 0) == 0)
    }
    #expect(ReplayClock(speed: 1e-300, record: 0, now: 0).wait(forRecord: .max, now: 0) != nil)
  }

  @Test func `a pause moves what is due, a new speed counts from its change`() {
    var clock = ReplayClock(speed: 1, record: 0, now: 0)
    clock.pause(now: 100)
    #expect(clock.wait(forRecord: 50, now: 100) == nil)
    clock.resume(now: 1000)
    #expect(clock.wait(forRecord: 300, now: 1000) == 200)
    clock.setSpeed(2, now: 1100)
    #expect(clock.wait(forRecord: 300, now: 1100) == 50)
  }

  @Test
  func `a clock that starts paused, or is moved while it is, waits from where it then stands`() {
    var clock = ReplayClock(speed: 2, record: 100, now: 0, isPaused: true)
    #expect(clock.wait(forRecord: 100, now: 50) == nil)
    clock.jump(to: 400, now: 60)
    #expect(clock.wait(forRecord: 400, now: 70) == nil)
    clock.resume(now: 1000)
    #expect(clock.wait(forRecord: 400, now: 1000) == 0)
    #expect(clock.wait(forRecord: 500, now: 1000) == 50)
  }
}
