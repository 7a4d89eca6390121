import Foundation
import JSON
import Recordings
import TestKit
import Testing

@testable import API
@testable import Runs

/// Recordings that come to a bound: viewers are told, and what is there is whole.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct `Recordings at their bounds` {
  private static let body =
    #"{"prompt":"Once","max_tokens":5,"ignore_eos":true,"seed":1,"detach":true,"record":true,"#
    + #""activation_hooks":[{"layer_name":"transformer.h.2","component":"mlp"}]}"#

  private func inFolder(
    _ adjust: (inout ServerOptions) -> Void = { _ in },
    _ body: (ServerKit, String) async throws -> Void
  ) async throws {
    let folder = NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await ServerKit {
      $0.recordingsDirectory = folder
      adjust(&$0)
    }
    try await body(kit, folder)
  }

  /// A recorded run to its end: what its viewers saw, and its recording.
  private func record(
    _ kit: ServerKit, _ folder: String
  ) async throws -> (events: [TestEvent], reader: RecordingReader)? {
    let answer = try await kit.send("POST", "/v1/runs", Self.body)
    guard answer.code == 201 else {
      #expect(answer.code == 507, "\(answer)")
      return nil
    }
    let events = try await kit.events(
      try #require(answer.json["run_id"]?.string), query: "?policy=lossless")
    let id = try #require(answer.json["recording_id"]?.string)
    return (events, try RecordingReader(path: folder + "/" + id + ".nsrec"))
  }

  @Test func `one that ends anywhere is complete, and viewers hear of it before the run's end`()
    async throws
  {
    var whole = 0
    try await inFolder { kit, folder in
      whole = try #require(try await record(kit, folder)).reader.byteCount
    }
    var stops: Set<Int> = []
    // Times are written as they are measured, so one recording is some bytes longer than another.
    for quota in stride(from: whole - 2000, through: whole + 1000, by: 125) {
      try await inFolder({ $0.recordingQuota = quota }) { kit, folder in
        guard let (events, reader) = try await record(kit, folder) else { return }
        #expect(reader.isComplete)
        #expect(reader.byteCount <= quota)
        #expect(events.map(\.sequence) == Array(0..<events.count))
        #expect(events.last?.type == "run.finished")
        let stopped = events.firstIndex { $0.type == "recording.stopped" }
        if quota >= whole + 500 { #expect(stopped == nil) }
        if quota <= whole - 500 { #expect(stopped != nil) }
        let last = Int(reader.entries.map(\.sequence).max() ?? 0)
        guard let stopped else {
          #expect(last == events.count - 1)
          return
        }
        #expect(events[stopped].json["error"]?["code"]?.string == "recording_quota")
        // What is recorded is what viewers saw up to the item that found no room, or the word of it.
        #expect((stopped - 2...stopped - 1).contains(last))
        stops.insert(stopped)
      }
    }
    #expect(stops.count > 2, "different items found no room: \(stops)")
  }

  @Test func `what all may have is refused with words, and deleting makes room`() async throws {
    var whole = 0
    try await inFolder { kit, folder in
      whole = try #require(try await record(kit, folder)).reader.byteCount
    }
    // Times are written as they are measured, so one is a little longer than another.
    try await inFolder({ $0.recordingsLimit = 3 * whole + whole / 4 }) { kit, folder in
      for _ in 0..<3 {
        let kept = try #require(try await record(kit, folder))
        #expect(kept.events.allSatisfy { $0.type != "recording.stopped" })
      }
      if let (events, reader) = try await record(kit, folder) {
        let told = try #require(events.first { $0.type == "recording.stopped" })
        #expect(told.json["error"]?["code"]?.string == "recordings_full")
        #expect(reader.isComplete)
      }
      try Data(count: whole).write(to: URL(fileURLWithPath: folder + "/foreign.nsrec"))
      let refused = try await kit.send("POST", "/v1/runs", Self.body)
      #expect(refused.code == 507)
      #expect(try refused.json["code"]?.string == "recordings_full")
      for entry in try await kit.json("GET", "/v1/recordings")["recordings"]?.array ?? [] {
        let id = try #require(entry["recording_id"]?.string)
        #expect(try await kit.send("DELETE", "/v1/recordings/\(id)").code == 200)
      }
      #expect(try await record(kit, folder) != nil)
    }
  }

  @Test func `forks count like any other`() async throws {
    try await inFolder({ $0.recordingsLimit = 60_000 }) { kit, folder in
      let paused = Self.body.dropLast() + #","start":"paused"}"#
      let run = try await kit.start(String(paused))
      var codes: Set<Int> = []
      for _ in 0..<100 {
        let fork = #"{"start":"paused","detach":true}"#
        codes.insert(try await kit.send("POST", "/v1/runs/\(run)/fork", fork).code)
      }
      #expect(codes.contains(507))
      let sizes = try RecordingFolder(path: folder).files().map(\.bytes)
      #expect(sizes.reduce(0, +) <= 60_000)
      // Without a recording it goes on.
      let other = #"{"start":"paused","detach":true,"record":false}"#
      #expect(try await kit.send("POST", "/v1/runs/\(run)/fork", other).code == 201)
      for run in kit.server.service.runs.active { run.cancel() }
    }
  }

  @Test func `the oldest give way where the operator says how many are kept`() async throws {
    try await inFolder({ $0.recordingsKept = 2 }) { kit, folder in
      for _ in 0..<5 {
        let made = try await record(kit, folder)
        #expect(made != nil)
      }
      let left = try RecordingFolder(path: folder).recordingIDs()
      #expect(left.count == 3)
    }
  }
}
