import Testing

@testable import Recordings

/// What all recordings of a folder may have together.
@Suite struct RecordingAllowanceTests {
  private func writer(
    _ name: String, _ allowance: RecordingAllowance
  ) throws -> (RecordingWriter, SmallDisk) {
    let disk = SmallDisk(room: .max)
    let writer = try RecordingWriter(
      sink: disk, metadata: SampleRecording.metadata, createdMilliseconds: 0, quota: .max,
      claim: allowance.claim(name), bufferLimit: 1)
    return (writer, disk)
  }

  @Test func `files being written never have more together than they may, whatever the limit`()
    throws
  {
    for limit in stride(from: 700, to: 6000, by: 173) {
      let allowance = RecordingAllowance(limit: limit)
      var files: [(writer: RecordingWriter, disk: SmallDisk)] = []
      do {
        for number in 0..<3 {
          files.append(try writer("\(number)", allowance))
          try SampleRecording.write(files[number].writer)
        }
      } catch {
        #expect(error as? RecordingError == .folderFull(bytes: limit))
      }
      for file in files { try file.writer.finish() }
      let bytes = files.reduce(0) { $0 + $1.disk.bytes.count }
      #expect(bytes <= limit)
      #expect(allowance.used == bytes)
    }
  }

  @Test func `what the folder says counts, but not twice what is being written`() throws {
    let allowance = RecordingAllowance(limit: 10_000)
    let (writer, disk) = try writer("a", allowance)
    let own = allowance.used
    allowance.recount([
      .init(recordingID: "a", bytes: disk.bytes.count, modified: 0),
      .init(recordingID: "b", bytes: 5000, modified: 0),
    ])
    #expect(allowance.used == own + 5000)
    try writer.finish()
    #expect(allowance.used == disk.bytes.count + 5000)
    allowance.recount([])
    #expect(allowance.used == 0)
  }

  @Test func `the oldest finished recordings go, what is written or broken stays`() throws {
    try SampleRecording.inFolder { folder in
      for name in ["c", "a", "d", "b"] { _ = try SampleRecording.finished(folder, name) }
      try SampleRecording.put([1, 2, 3], folder.path + "/junk.nsrec")
      let open = try RecordingWriter(
        path: folder.path + "/open.nsrec", metadata: SampleRecording.metadata,
        createdMilliseconds: 0)
      let order = try folder.files().map(\.recordingID)
      try folder.keep(2) { $0 == "open" }
      let left = Set(try folder.recordingIDs())
      let finished = order.filter { !["junk", "open"].contains($0) }
      #expect(left == Set(finished.suffix(2) + ["junk", "open"]))
      try open.finish()
      try folder.keep(0) { _ in false }
      #expect(try folder.recordingIDs() == ["junk"])
    }
  }
}
