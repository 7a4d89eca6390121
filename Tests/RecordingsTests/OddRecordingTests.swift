import Foundation
import Glibc
import Testing

@testable import Recordings

/// What lies in the folder and has a recording's name, but is none.
@Suite struct OddRecordingTests {
  /// Makes something of a recording's name in the folder, which has a good one; answers its path.
  private func make(_ kind: String, in folder: RecordingFolder) throws -> String {
    let (good, _) = try SampleRecording.finished(folder, "good")
    let path = try #require(folder.file(of: kind))
    switch kind {
    case "pipe": mkfifo(path, 0o600)
    case "folder": mkdir(path, 0o755)
    case "link": symlink(good, path)
    case "hanging": symlink(folder.path + "/nothing", path)
    case "loop": symlink(path, path)
    case "device": symlink("/dev/zero", path)
    case "empty": try SampleRecording.put([], path)
    default: try SampleRecording.put(Array(kind.utf8), path)
    }
    return path
  }

  @Test(arguments: [
    "pipe", "folder", "link", "hanging", "loop", "device", "empty", "NSREC", "text",
  ])
  func `what is no regular file with a recording's first bytes is none, and nothing waits for it`(
    kind: String
  ) throws {
    try SampleRecording.inFolder { folder in
      let path = try make(kind, in: folder)
      #expect(throws: RecordingError.self) { try RecordingReader(path: path) }
      #expect(throws: RecordingError.self) { try RecordingCopy(path: path) }
      #expect(try folder.summaries().map(\.recordingID) == ["good"])
    }
  }

  @Test(arguments: ["pipe", "folder", "link", "hanging", "loop", "device"])
  func `what is no regular file is neither held nor removed`(kind: String) throws {
    try SampleRecording.inFolder { folder in
      let path = try make(kind, in: folder)
      #expect(!folder.holds(kind))
      #expect(throws: RecordingError.notARecording) { try folder.remove(kind) }
      var status = stat()
      #expect(lstat(path, &status) == 0, "it is still there")
    }
  }

  @Test func `a link that a person chose is followed`() throws {
    try SampleRecording.inFolder { folder in
      let link = try make("link", in: folder)
      #expect(try RecordingReader(path: link, followsLinks: true).isComplete)
    }
  }

  @Test func `a copy is the file, byte for byte, also of a damaged one`() throws {
    try SampleRecording.inFolder { folder in
      let (path, _) = try SampleRecording.finished(folder, "good")
      let whole = try SampleRecording.contents(path)
      for length in [whole.count, whole.count - 3, 40] {
        try #require(truncate(path, length) == 0)
        let copy = try RecordingCopy(path: path)
        var bytes: [UInt8] = []
        while case let piece = try copy.bytes(at: bytes.count, count: 100), !piece.isEmpty {
          bytes += piece
        }
        #expect(bytes == Array(whole.prefix(length)))
      }
      #expect(folder.holds("good"))
      try folder.remove("good")
      #expect(!folder.holds("good"))
    }
  }

  @Test func `the folder is made with those above it, and a file in its place is named as one`()
    throws
  {
    try SampleRecording.inFolder { folder in
      let deep = RecordingFolder(path: folder.path + "/a/b//c/")
      try deep.make()
      try deep.make()
      #expect(try deep.recordingIDs() == [])
      try SampleRecording.put([1], folder.path + "/file")
      for path in ["/file", "/file/inner"] {
        let blocked = RecordingFolder(path: folder.path + path)
        let error = #expect(throws: RecordingError.self) { try blocked.make() }
        #expect(error == .file(operation: "mkdir", errno: ENOTDIR, path: blocked.path))
      }
    }
  }
}
