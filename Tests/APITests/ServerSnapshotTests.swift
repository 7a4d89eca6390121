import JSON
import Frames
import TestKit
import Testing

@testable import API
@testable import Runs

@Suite(.ownThreads, .timeLimit(.minutes(60))) struct `A snapshot of a run` {
  private static let body =
    #"{"tokens":[5,6,250],"max_tokens":6,"seed":3,"detach":true,"ignore_eos":true,"activation_hooks":["#
    + #"{"layer_name":"transformer.h.2","component":"mlp","hook_id":"m","capture_input":true},"#
    + #"{"layer_name":"transformer.h.9","component":"residual","hook_id":"r"},"#
    + #"{"layer_name":"transformer.h.9","component":"attention_pattern","hook_id":"p","every":4}]}"#

  @Test func `holds the newest tensor of each hook as its event told it`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(Self.body)
    let events = try await kit.events(run).filter { $0.type == "activation" }
    let snapshot = try await kit.json("GET", "/v1/runs/\(run)/snapshot")
    #expect(snapshot["run_id"]?.string == run)
    #expect(snapshot["run"]?["status"]?.string == "finished")
    let found = snapshot["activations"]?.array ?? []
    #expect(found.map { $0["hook_index"]?.integer } == [0, 1, 2, 3])
    for activation in found {
      let index = activation["hook_index"]?.integer
      let told = try #require(events.last { $0.json["hook_index"]?.integer == index })
      #expect(activation == told.json)
    }
    // Every fourth pass alone: the newest is not of the last one.
    #expect(found.map { $0["step"]?.integer } == [5, 5, 5, 4])
  }

  @Test func `is the same over a socket, and needs no tensors`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(Self.body)
    _ = try await kit.events(run)
    for form in ["none", "json"] {
      let answer = try await kit.json("GET", "/v1/runs/\(run)/snapshot?tensors=\(form)")
      let first = answer["activations"]?.array?.first
      #expect(first?["frame"] == nil && (first?["data"] != nil) == (form == "json"))
    }
    let fields = try Fields(
      body: Array(#"{"command":"snapshot","run_id":"\#(run)","tensors":"none"}"#.utf8))
    let answer = try await RunCommands.Snapshot.perform(RunCall(fields, kit.server.service))
    guard case .members(let named, _, let write) = answer else {
      Issue.record("\(answer)")
      return
    }
    let told = JSONWriter.object { writer in
      writer.member("run_id", named.id)
      write(&writer)
    }
    let same = try await kit.send("GET", "/v1/runs/\(run)/snapshot?tensors=none")
    #expect(told == same.body)
    #expect(SocketCommand.all.contains { $0.name == "snapshot" })
  }

  @Test func `of no run, or in no known form, is refused`() async throws {
    let kit = try await ServerKit.shared()
    #expect(try await kit.send("GET", "/v1/runs/absent/snapshot").code == 404)
    let run = try await kit.start(Self.body)
    let refused = try await kit.json("GET", "/v1/runs/\(run)/snapshot?tensors=gif")
    #expect(
      refused["error"]?.string == "tensors \"gif\" is not known; known: base64, json, none")
  }
}
