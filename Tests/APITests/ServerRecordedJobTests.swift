import Foundation
import JSON
import Recordings
import TestKit
import Testing

@testable import API
@testable import Runs

/// Jobs that are recorded, and graphs of recorded runs.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerRecordedJobTests {
  private static let contrast =
    #""clean":"When Mary and John went to the store, John gave a drink to","answer":" Mary","wrong":" John""#
  private static let ablation =
    #"{"analysis":"ablation","component":"z",\#(contrast),"layers":[3,4],"detach":true,"record":true}"#

  private func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
  }

  private func kit(_ folder: String, loadsModel: Bool = true) async throws -> ServerKit {
    try await ServerKit(loadsModel: loadsModel) { $0.recordingsDirectory = folder }
  }

  /// Begins a job, waits for its end, and answers its id and its recording's.
  private func finished(
    _ kit: ServerKit, _ body: String
  ) async throws -> (run: String, recording: String) {
    let begun = try await kit.send("POST", "/v1/analyses", body)
    let json = try begun.json
    #expect(begun.code == 201, "\(json)")
    let run = try #require(json["run_id"]?.string)
    _ = try await kit.events(run)
    let object = try await kit.json("GET", "/v1/runs/\(run)")
    return (run, try #require(object["recording_id"]?.string, "\(object)"))
  }

  @Test func `a recorded job is played again byte for byte without a model, and verified`()
    async throws
  {
    try await withFolder { folder in
      let live = try await kit(folder)
      let (run, id) = try await finished(live, Self.ablation)
      let first = try await live.events(run)
      let other = try await kit(folder, loadsModel: false)
      let listed = try await other.json("GET", "/v1/recordings")["recordings"]?.array?.first
      #expect(listed?["recording_id"]?.string == id && listed?["complete"]?.bool == true)
      let replay = try await other.json("POST", "/v1/recordings/\(id)/replay", #"{"speed":0}"#)
      let again = try await other.events(try #require(replay["run_id"]?.string))
      #expect(again.map(\.type) == first.map(\.type) && first.last?.type == "run.finished")
      for (one, two) in zip(first, again) {
        #expect(
          one.json.members?.filter { $0.name != "run_id" }.map(\.value)
            == two.json.members?.filter { $0.name != "run_id" }.map(\.value))
      }
      let found = try await live.json("POST", "/v1/recordings/\(id)/verify")
      #expect(found["ok"]?.bool == true && found["complete"]?.bool == true, "\(found)")
      #expect(found["results_compared"]?.integer == 1 && found["frames_compared"]?.integer == 0)
      #expect(found["unverified"]?.array?.first?.string?.contains("analysis.progress") == true)
    }
  }

  @Test func `a result that was changed in the file is found, and one that never came is told`()
    async throws
  {
    try await withFolder { folder in
      let kit = try await kit(folder)
      let (_, id) = try await finished(kit, Self.ablation)
      // Another recording, whose result says something else of the same request.
      let path = folder + "/\(id).nsrec"
      let reader = try RecordingReader(path: path)
      let changed = folder + "/rec_changed.nsrec"
      let writer = try RecordingWriter(
        path: changed, metadata: reader.metadata, createdMilliseconds: 1, quota: 1 << 20)
      for (index, entry) in reader.entries.enumerated() {
        switch entry.type {
        case .request: try writer.append(request: try reader.payload(index), microseconds: 0)
        case .event:
          let text = String(decoding: try reader.payload(index), as: UTF8.self)
          let other = text.replacingOccurrences(of: #""passes":9"#, with: #""passes":8"#)
          try writer.append(
            event: Array(other.utf8), sequence: entry.sequence, microseconds: entry.microseconds)
        default: break
        }
      }
      try writer.finish()
      let found = try await kit.json("POST", "/v1/recordings/rec_changed/verify")
      #expect(found["ok"]?.bool == false, "\(found)")
      #expect(
        found["first_difference"]?["reason"]?.string == "passes of the result is another")
      let begun = try await kit.json(
        "POST", "/v1/analyses",
        #"{"analysis":"ablation","component":"z",\#(Self.contrast),"detach":true,"record":true}"#)
      let run = try #require(begun["run_id"]?.string)
      #expect(try await kit.send("DELETE", "/v1/runs/\(run)").code == 200)
      _ = try await kit.events(run)
      let object = try await kit.json("GET", "/v1/runs/\(run)")
      let cancelled = try #require(object["recording_id"]?.string)
      let left = try await kit.json("POST", "/v1/recordings/\(cancelled)/verify")
      #expect(left["ok"]?.bool == true && left["results_compared"]?.integer == 0)
      #expect(left["unverified"]?.array?.count == 2, "\(left)")
    }
  }

  @Test func `a recorded graph is made again, and one of a run by the tokens that it read`()
    async throws
  {
    try await withFolder { folder in
      let kit = try await kit(folder)
      let run = try await kit.start(
        #"{"prompt":"When Mary and John went to the store, John gave a drink to","max_tokens":3,"temperature":0,"ignore_eos":true,"detach":true}"#
      )
      _ = try await kit.events(run)
      let (_, id) = try await finished(
        kit,
        #"{"analysis":"attribution_graph","run_id":"\#(run)","step":2,"detach":true,"record":true}"#
      )
      let request = try RecordingReader(path: folder + "/\(id).nsrec")
      let index = try #require(request.entries.firstIndex { $0.type == .request })
      let body = try JSONValue(parsing: try request.payload(index))
      #expect(body["tokens"]?.array?.count == 16 && body["run_id"] == nil && body["step"] == nil)
      let graphs = try await kit.json("GET", "/v1/graphs")["graphs"]?.array?.count
      let found = try await kit.json("POST", "/v1/recordings/\(id)/verify")
      #expect(found["ok"]?.bool == true && found["results_compared"]?.integer == 1, "\(found)")
      // What verifying made is not kept.
      #expect(try await kit.json("GET", "/v1/graphs")["graphs"]?.array?.count == graphs)
    }
  }

  @Test func `a recorded run's token is followed back on the very model, and on no other`()
    async throws
  {
    try await withFolder { folder in
      let live = try await kit(folder)
      let run = try await live.start(
        #"{"prompt":"When Mary and John went to the store, John gave a drink to","max_tokens":4,"temperature":0,"ignore_eos":true,"detach":true,"record":true}"#
      )
      _ = try await live.events(run)
      let id = try #require(
        try await live.json("GET", "/v1/runs/\(run)")["recording_id"]?.string)
      let of = { (kit: ServerKit, run: String, more: String) in
        try await kit.send(
          "POST", "/v1/analyses", #"{"analysis":"attribution_graph","run_id":"\#(run)"\#(more)}"#)
      }
      let other = try await kit(folder)
      let replay = try #require(
        try await other.json("POST", "/v1/recordings/\(id)/replay", #"{"start":"paused"}"#)[
          "run_id"]?.string)
      for step in [0, 2, 4] {
        let live = try await of(live, run, #","step":\#(step)"#).json
        let recorded = try await of(other, replay, #","step":\#(step)"#).json
        #expect(recorded["slug"]?.string != nil, "\(recorded)")
        for member in ["tokens", "targets", "nodes", "links", "heads"] {
          #expect(live[member] == recorded[member])
        }
      }
      let beyond = try await of(other, replay, #","step":5"#)
      #expect(beyond.code == 400)
      #expect(try beyond.json["error"]?.string?.hasPrefix("step must be from 0 to 4") == true)
      // Without that model, or with one of the same name and other bytes, it is refused with the reason.
      let none = try await kit(folder, loadsModel: false)
      let alone = try #require(
        try await none.json("POST", "/v1/recordings/\(id)/replay", #"{"start":"paused"}"#)[
          "run_id"]?.string)
      let refused = try await of(none, alone, "")
      #expect(refused.code == 400)
      #expect(
        try refused.json["error"]?.string?.contains("those of no model that is loaded") == true)
    }
  }

  @Test func `changed runs and jobs have no graph, an answer that is waited for no recording`()
    async throws
  {
    try await withFolder { folder in
      let kit = try await kit(folder)
      let changed = try await kit.start(
        #"{"prompt":"Once","max_tokens":2,"temperature":0,"ignore_eos":true,"detach":true,"record":true,"interventions":["#
          + #"{"layer_name":"transformer.h.5","component":"attention","kind":"zero"}]}"#)
      _ = try await kit.events(changed)
      let (job, _) = try await finished(kit, Self.ablation)
      for (run, words) in [(changed, "interventions"), (job, "a job")] {
        let id = try #require(
          try await kit.json("GET", "/v1/runs/\(run)")["recording_id"]?.string)
        let replay = try #require(
          try await kit.json("POST", "/v1/recordings/\(id)/replay", #"{"start":"paused"}"#)[
            "run_id"]?.string)
        let answer = try await kit.send(
          "POST", "/v1/analyses", #"{"analysis":"attribution_graph","run_id":"\#(replay)"}"#)
        let text = try answer.json["error"]?.string ?? ""
        #expect(answer.code == 400 && text.contains(words), "\(text)")
      }
      for body in [
        #"{"analysis":"ablation","component":"z",\#(Self.contrast),"record":true}"#,
        #"{"analysis":"attribution_graph","tokens":[5,6],"record":true}"#,
      ] {
        let answer = try await kit.send("POST", "/v1/analyses", body)
        #expect(answer.code == 400)
        #expect(try answer.json["code"]?.string == "conflicting_fields")
      }
      let nowhere = try await ServerKit.shared().send("POST", "/v1/analyses", Self.ablation)
      #expect(nowhere.code != 201)
    }
  }
}
