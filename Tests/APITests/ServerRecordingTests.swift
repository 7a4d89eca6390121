import Foundation
import JSON
import Recordings
import TestKit
import Testing

@testable import API
@testable import Runs

/// Recording runs, and playing them again.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerRecordingTests {
  private static let body =
    #"{\#(ServerKit.france),"temperature":1,"seed":3,"max_tokens":6,"detach":true,"record":true,"#
    + #""ignore_eos":true,"analyses":[{"name":"logit_lens","layers":[23]},{"name":"head_scores"}],"#
    + #""activation_hooks":["#
    + #"{"layer_name":"transformer.h.2","component":"residual","hook_id":"r"},"#
    + #"{"layer_name":"transformer.h.9","component":"query","hook_id":"q","positions":[0,1,5]},"#
    + #"{"layer_name":"transformer.h.2","component":"residual","hook_id":"t","reduce":"topk:3"},"#
    + #"{"layer_name":"transformer.h.9","component":"query","hook_id":"n","reduce":"norm"}]}"#

  private func kit(
    loadsModel: Bool = true, folder: String, _ adjust: (inout ServerOptions) -> Void = { _ in }
  ) async throws -> ServerKit {
    try await ServerKit(loadsModel: loadsModel) {
      $0.recordingsDirectory = folder
      adjust(&$0)
    }
  }

  private static func withoutComments(_ stream: String) -> String {
    stream.components(separatedBy: "\n\n").filter { !$0.hasPrefix(":") }.joined(separator: "\n\n")
  }

  private func temporaryFolder() -> String {
    NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
  }

  @Test func `a recorded run is played again byte for byte, without a model`() async throws {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let live = try await kit(folder: folder)
    let run = try await live.start(Self.body)
    let first = try await live.send("GET", "/v1/runs/\(run)/events").text
    let id = try #require(
      try await live.json("GET", "/v1/runs/\(run)")["recording_id"]?.string)
    let other = try await kit(loadsModel: false, folder: folder)
    let listed = try await other.json("GET", "/v1/recordings")["recordings"]?.array?.first
    #expect(listed?["recording_id"]?.string == id)
    #expect(listed?["complete"]?.bool == true)
    let metadata = try await other.json("GET", "/v1/recordings/\(id)")["metadata"]
    let facts = try await live.json("GET", "/v1/models/circuits")
    #expect(metadata?["numerics"]?.string == "exact")
    #expect(metadata?["numerics"] == facts["numerics"])
    #expect(
      metadata?["precision"] == facts["precision"] && facts["precision"]?.array?.isEmpty == false)
    let frames = try TestEvent.read(first).compactMap(\.frame)
    #expect(listed?["frames"]?.integer == Int64(frames.count))
    let replay = try await other.json("POST", "/v1/recordings/\(id)/replay", #"{"speed":0}"#)
    let replayID = try #require(replay["run_id"]?.string)
    // Nothing differs but the run's name and the server's epoch, and the comments that keep a slow stream awake.
    let again = try await other.send("GET", "/v1/runs/\(replayID)/events").text
    #expect(
      Self.withoutComments(again)
        == Self.withoutComments(first).replacingOccurrences(of: run, with: replayID)
        .replacingOccurrences(
          of: "id: \(live.server.service.epoch)-", with: "id: \(other.server.service.epoch)-"))
    #expect(try await other.send("GET", "/v1/runs/\(replayID)/frames").body == frames.joined() + [])
    let object = try await other.json("GET", "/v1/runs/\(replayID)")
    let original = try await live.json("GET", "/v1/runs/\(run)")
    #expect(object["text"] == original["text"])
    #expect(try await other.send("POST", "/v1/runs/\(replayID)/pause").code == 409)
  }

  @Test func `verifying finds nothing in a true recording and a planted bit in a changed one`()
    async throws
  {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await kit(folder: folder)
    let run = try await kit.start(Self.body)
    let frames = try await kit.events(run).compactMap(\.frame)
    let id = try #require(try await kit.json("GET", "/v1/runs/\(run)")["recording_id"]?.string)
    let good = try await kit.json("POST", "/v1/recordings/\(id)/verify")
    #expect(good["ok"]?.bool == true, "\(good)")
    #expect(good["frames_compared"]?.integer == Int64(frames.count))
    let path = folder + "/" + id + ".nsrec"
    var bytes = try #require(FileManager.default.contents(atPath: path))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
    let bad = try await kit.json("POST", "/v1/recordings/\(id)/verify")
    #expect(bad["ok"]?.bool == false)
    #expect(bad["first_difference"]?["reason"]?.string?.isEmpty == false)
  }

  @Test func `a recording is fetched, exported and removed`() async throws {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await kit(folder: folder)
    let run = try await kit.start(Self.body)
    _ = try await kit.events(run)
    let id = try #require(try await kit.json("GET", "/v1/runs/\(run)")["recording_id"]?.string)
    let file = try await kit.send("GET", "/v1/recordings/\(id)/file")
    let stored = FileManager.default.contents(atPath: folder + "/" + id + ".nsrec")
    #expect(Data(file.body) == stored)
    let tensors = try await kit.send("GET", "/v1/recordings/\(id)/export?format=safetensors")
    #expect(tensors.code == 200 && tensors.body.count > 1000)
    let arrays = try await kit.send("GET", "/v1/recordings/\(id)/export?format=npz")
    #expect(arrays.body.starts(with: [0x50, 0x4b]))
    #expect(try await kit.send("GET", "/v1/recordings/\(id)/export?format=xls").code == 400)
    #expect(try await kit.send("DELETE", "/v1/recordings/\(id)").code == 200)
    #expect(try await kit.send("GET", "/v1/recordings/\(id)").code == 404)
    #expect(try await kit.send("GET", "/v1/recordings/..%2F..%2Fetc").code == 404)
  }

  @Test func `a recording that reaches its quota ends whole, is announced, and the run goes on`()
    async throws
  {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await ServerKit {
      $0.recordingsDirectory = folder
      $0.recordingQuota = 7_000
    }
    let run = try await kit.start(Self.body)
    let events = try await kit.events(run)
    let stopped = try #require(events.first { $0.type == "recording.stopped" })
    #expect(stopped.json["error"]?["code"]?.string == "recording_quota")
    #expect(events.last?.type == "run.finished")
    let id = try #require(stopped.json["recording_id"]?.string)
    let listed = try await kit.json("GET", "/v1/recordings/\(id)")
    #expect(listed["complete"]?.bool == true)
    #expect(listed["bytes"]?.integer ?? .max <= 7_000)
    let replay = try await kit.json("POST", "/v1/recordings/\(id)/replay", #"{"speed":0}"#)
    let again = try await kit.events(try #require(replay["run_id"]?.string))
    let kept = again.compactMap(\.frame)
    #expect(kept == Array(events.compactMap(\.frame).prefix(kept.count)) && !kept.isEmpty)
    #expect(again.last?.json["finish_reason"]?.string == "end_of_recording")
    let found = try await kit.json("POST", "/v1/recordings/\(id)/verify")
    #expect(found["ok"]?.bool == true, "\(found)")
  }

  @Test func `a server that is told to stop ends the recordings of runs that nobody watches`()
    async throws
  {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await kit(folder: folder) { $0.drainSeconds = 3600 }
    let paused = try await kit.start(
      Self.body.replacingOccurrences(
        of: #""detach":true"#, with: #""detach":true,"start":"paused""#))
    let running = try await kit.start(
      Self.body.replacingOccurrences(of: #""max_tokens":6"#, with: #""max_tokens":400"#))
    await kit.server.shutDown()
    let listed = try RecordingDesk(path: folder, quota: 0).summaries()
    #expect(Set(listed.map(\.metadata.runID)) == [paused, running])
    #expect(listed.map(\.isComplete) == [true, true])
  }

  @Test func `a folder of recordings that became a file is called what it is`() async throws {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data().write(to: URL(fileURLWithPath: folder))
    let kit = try await kit(folder: folder)
    for (method, path, body) in [
      ("GET", "/v1/recordings", nil), ("POST", "/v1/runs", Self.body),
    ] {
      let refused = try await kit.json(method, path, body)
      #expect(refused["code"]?.string == "recordings_folder")
      #expect(refused["error"]?.string?.hasPrefix("\(folder) is not a folder") == true)
    }
  }

  @Test func `a server without recordings says so`() async throws {
    let kit = try await ServerKit.shared()
    let refused = try await kit.json("POST", "/v1/runs", Self.body)
    #expect(refused["code"]?.string == "recordings_disabled")
    #expect(refused["error"]?.string == "This server was started without recordings")
  }
}
