import JSON
import Foundation
import Frames
import TestKit
import Testing

@testable import API
@testable import Runs

/// Many clients change one recorded run at once: whatever order the engine took their changes in, the recording tells
/// that very order, so that the run can be computed again.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct `Concurrent changes` {
  private static let body =
    #"{"prompt":"The capital of France","max_tokens":14,"temperature":1,"seed":4,"detach":true,"#
    + #""ignore_eos":true,"record":true,"start":"paused","activation_hooks":["#
    + #"{"layer_name":"transformer.h.6","component":"residual","hook_id":"h0"}]}"#

  /// One thing that a client does; drawn by a seed.
  private struct Act: CustomStringConvertible {
    let method: String
    let path: String
    let body: String?

    var description: String { "\(method) \(path) \(body ?? "")" }

    init(_ generator: inout SeededGenerator) {
      let name = Int.random(in: 0..<3, using: &generator)
      let layer = Int.random(in: 1..<24, using: &generator)
      let component = Bool.random(using: &generator) ? "mlp" : "residual"
      let place = #""layer_name":"transformer.h.\#(layer)","component":"\#(component)""#
      let hook = #"{\#(place),"hook_id":"h\#(name)"}"#
      switch Int.random(in: 0..<12, using: &generator) {
      case 0..<3: (method, path, body) = ("POST", "hooks", #"{"add":[\#(hook)]}"#)
      case 3: (method, path, body) = ("POST", "hooks", #"{"remove":["h0"]}"#)
      case 4: (method, path, body) = ("POST", "hooks", #"{"hooks":[\#(hook)]}"#)
      case 5..<8:
        let from = Int.random(in: 0..<8, using: &generator)
        let strength = Float.random(in: 0..<3, using: &generator)
        (method, path) = ("POST", "interventions")
        body =
          #"{\#(place),"kind":"scale","strength":\#(strength),"from_step":\#(from),"#
          + #""intervention_id":"i\#(name)"}"#
      case 8: (method, path, body) = ("DELETE", "interventions/i\(name)", nil)
      case 9: (method, path, body) = ("DELETE", "interventions", nil)
      case 10: (method, path, body) = ("POST", "step", #"{"count":1}"#)
      default: (method, path, body) = ("POST", "rewind", #"{"to_step":0}"#)
      }
    }
  }

  private func stage() async throws -> (kit: ServerKit, folder: String) {
    let folder = NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
    let kit = try await ServerKit { $0.recordingsDirectory = folder }
    return (kit, folder)
  }

  /// Ends a run and has its recording computed again.
  private func verify(_ run: String, _ kit: ServerKit, _ history: [[Act]]) async throws {
    #expect(
      await eventually {
        _ = try? await kit.send("POST", "/v1/runs/\(run)/resume")
        let status = try? await kit.json("GET", "/v1/runs/\(run)")["status"]?.string
        return status == "finished"
      })
    let object = try await kit.json("GET", "/v1/runs/\(run)")
    let recording = try #require(object["recording_id"]?.string)
    let found = try await kit.json("POST", "/v1/recordings/\(recording)/verify")
    #expect(found["ok"]?.bool == true, "\(found) after \(history)")
  }

  @Test(arguments: 0..<12) func `leave a recording that is computed again the same`(
    seed: UInt64
  ) async throws {
    let (kit, folder) = try await stage()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var generator = SeededGenerator(seed: seed)
    let run = try await kit.start(Self.body)
    let histories = (0..<8).map { _ in (0..<4).map { _ in Act(&generator) } }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for acts in histories {
        group.addTask {
          for act in acts {
            let code = try await kit.send(act.method, "/v1/runs/\(run)/\(act.path)", act.body).code
            // Another client may have removed it, or stepped or resumed the run, before.
            #expect([200, 201, 404, 409, 400].contains(code), "\(act) got \(code)")
          }
        }
      }
      try await group.waitForAll()
    }
    try await verify(run, kit, histories)
  }

  @Test(arguments: 0..<4)
  func `leave forks that are computed again the same, whenever they were taken`(
    seed: UInt64
  ) async throws {
    let (kit, folder) = try await stage()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var generator = SeededGenerator(seed: 100 + seed)
    let run = try await kit.start(Self.body)
    let histories = (0..<4).map { _ in (0..<4).map { _ in Act(&generator) } }
    let forks = try await withThrowingTaskGroup(of: String?.self) { group in
      for acts in histories {
        group.addTask {
          for act in acts {
            _ = try await kit.send(act.method, "/v1/runs/\(run)/\(act.path)", act.body)
          }
          return nil
        }
        group.addTask {
          let fork = try await kit.json(
            "POST", "/v1/runs/\(run)/fork", #"{"start":"paused","detach":true,"seed":7}"#)
          return try #require(fork["run_id"]?.string, "\(fork)")
        }
      }
      return try await group.reduce(into: []) { $0 += [$1].compactMap(\.self) }
    }
    for fork in forks + [run] { try await verify(fork, kit, histories) }
  }
}
