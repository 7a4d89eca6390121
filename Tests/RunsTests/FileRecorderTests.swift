import Foundation
import Frames
import Recordings
import Testing

@testable import Runs

/// What a recording holds while it is written, and afterwards.
@Suite struct FileRecorderTests {
  private func event(_ sequence: UInt64) -> [UInt8] {
    Event(
      .token(id: 1, text: "t", logprob: nil, top: []), runID: "run", sequence: sequence, step: 0,
      milliseconds: 0
    ).json()
  }

  /// How many of this process's descriptors are of a file.
  private func descriptors(of path: String) -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return names.count {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0)) == path
    }
  }

  @Test(arguments: [Int.max, 2000])
  func `a recording that has ended holds no descriptor, and is still read by those who come late`(
    quota: Int
  ) throws {
    let path = "/tmp/neuroscope-\(UUID().uuidString).nsrec"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let recorder = try FileRecorder(
      id: "rec", path: path, metadata: RecordingMetadata(runID: "run", model: "m"),
      request: Array("{}".utf8), milliseconds: 0, quota: quota, epoch: "e")
    #expect(descriptors(of: path) == 2)
    var kept: UInt64 = 0
    do throws(RunError) {
      for sequence in 0..<20 as Range<UInt64> {
        try recorder.record(event: event(sequence), sequence: sequence, milliseconds: 0)
        kept += 1
      }
      try recorder.finish()
    } catch {
      #expect(quota < .max)
    }
    #expect(kept == 20 || quota < .max)
    #expect(descriptors(of: path) == 0)
    try #require(kept > 0)
    let items = recorder.items(0...(kept - 1), atMost: .max)
    #expect(items.count == Int(kept))
    #expect(descriptors(of: path) == 0)
  }
}
