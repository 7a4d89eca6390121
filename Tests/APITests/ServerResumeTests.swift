import Foundation
import Frames
import JSON
import TestKit
import Testing

@testable import API
@testable import Runs

/// Taking up a stream behind what memory still holds: from the recording, byte for byte, through each door.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerResumeTests {
  /// A server that remembers little, and a recorded run of it that waits after its first steps.
  private struct Stage {
    let kit: ServerKit
    let run: String
    let folder: String

    init(record: Bool = true) async throws {
      let folder = NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
      self.folder = folder
      kit = try await ServerKit {
        $0.recordingsDirectory = folder
        $0.ringBytes = 20_000
      }
      let hooks = [3, 12, 20].map {
        #"{"layer_name":"transformer.h.\#($0)","component":"residual","hook_id":"r\#($0)"}"#
      }
      let scattered =
        #"{"layer_name":"transformer.h.9","component":"query","hook_id":"q","positions":[0,1,5]}"#
      let reduced =
        #"{"layer_name":"transformer.h.9","component":"key","hook_id":"k","reduce":"norm"}"#
      run = try await kit.start(
        #"{\#(ServerKit.france),"temperature":1,"seed":3,"max_tokens":40,"detach":true,"#
          + #""ignore_eos":true,"start":"paused","record":\#(record),"#
          + #""activation_hooks":[\#((hooks + [scattered, reduced]).joined(separator: ","))]}"#)
    }

    func step(_ count: Int) async throws {
      _ = try await kit.send("POST", "/v1/runs/\(run)/step", #"{"count":\#(count)}"#)
    }

    func end() { try? FileManager.default.removeItem(atPath: folder) }
  }

  private func tokens(_ stage: Stage) async -> Int64? {
    try? await stage.kit.json("GET", "/v1/runs/\(stage.run)")["completion_tokens"]?.integer
  }

  /// The events of a stream as text.
  private func blocks(_ text: String) -> [String] {
    text.components(separatedBy: "\n\n").filter { $0.hasPrefix("event:") }
  }

  @Test func `a recorded run is taken up anywhere, while it goes on and afterwards`() async throws {
    let stage = try await Stage()
    defer { stage.end() }
    let kit = stage.kit
    async let live = kit.send("GET", "/v1/runs/\(stage.run)/events?policy=lossless")
    try await stage.step(20)
    #expect(await eventually { await tokens(stage) == 20 })
    // Somebody who comes now sees the beginning, of which the ring holds nothing, and goes away again.
    let late = try kit.client()
    await late.send(
      "GET /v1/runs/\(stage.run)/events?from=2 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    let early = await late.receive(through: #""step":19"#)
    _ = try await kit.send("POST", "/v1/runs/\(stage.run)/resume")
    let whole = try await live.text
    let uncut = blocks(whole)
    #expect(uncut.count > 160)
    #expect(uncut.last?.hasPrefix("event: run.finished") == true)
    #expect(!whole.contains("event: gap") && !early.contains("event: gap"))
    #expect(early.contains(#""seq":2,"#))
    let ids = uncut.compactMap { block in
      block.split(separator: "\n").first { $0.hasPrefix("id: ") }?.dropFirst(4)
    }
    #expect(ids.count == uncut.count)
    for place in [0, 1, 7, 100, uncut.count - 2] {
      let query = try await kit.send("GET", "/v1/runs/\(stage.run)/events?from=\(place + 1)").text
      #expect(blocks(query) == Array(uncut[(place + 1)...]))
      let field = try await kit.send(
        "GET", "/v1/runs/\(stage.run)/events", fields: ["Last-Event-ID: \(ids[place])"])
      #expect(blocks(field.text) == Array(uncut[(place + 1)...]))
    }
    #expect(
      try await kit.send(
        "GET", "/v1/runs/\(stage.run)/events", fields: ["Last-Event-ID: \(ids[ids.count - 1])"]
      ).code == 204)
    // The frames door and a socket give the same frames.
    let frames = try TestEvent.read(whole).compactMap(\.frame)
    let octets = try await kit.send("GET", "/v1/runs/\(stage.run)/frames")
    #expect(octets.body == Array(frames.joined()))
    let socket = try await WebSocketTestClient(kit)
    await socket.send(
      text: #"{"id":1,"command":"subscribe","run_id":"\#(stage.run)","from":0,"policy":"lossless"}"#
    )
    var binary: [[UInt8]] = []
    var lines: [String] = []
    while let (first, payload) = await socket.receive() {
      if first & 0x0f == 2 { binary.append(payload) }
      if first & 0x0f == 1 { lines.append(String(decoding: payload, as: UTF8.self)) }
      if lines.last?.hasPrefix(#"{"type":"run.finished""#) == true { break }
    }
    #expect(binary == frames)
    let data = uncut.compactMap { $0.components(separatedBy: "data: ").last }
    #expect(
      lines.filter { !$0.contains(#""type":"activation""#) && !$0.contains(#""type":"reply""#) }
        == data.filter { !$0.contains(#""type":"activation""#) })
  }

  @Test func `a replay is whole for whoever comes late, and a part of it is that part`()
    async throws
  {
    let stage = try await Stage()
    defer { stage.end() }
    let kit = stage.kit
    _ = try await kit.send("POST", "/v1/runs/\(stage.run)/resume")
    let live = try await kit.events(stage.run, query: "?policy=lossless")
    let recording = try #require(
      try await kit.json("GET", "/v1/runs/\(stage.run)")["recording_id"]?.string)
    for (range, numbers) in [
      ("", Array(0..<live.count)), (#","from":50,"to":120"#, [0] + Array(50...121)),
    ] {
      let replay = try await kit.json(
        "POST", "/v1/recordings/\(recording)/replay", #"{"speed":0\#(range)}"#)
      let run = try #require(replay["run_id"]?.string)
      for _ in 0..<2 {
        let events = try await kit.events(run, query: "?policy=lossless")
        #expect(events.map(\.sequence) == numbers)
        for event in events where event.type != "run.finished" {
          let original = live[event.sequence].json
          for name in ["frame", "hook_id", "positions", "position_list", "text", "time_ms"] {
            #expect(event.json[name] == original[name])
          }
        }
      }
    }
  }

  @Test func `a run that is not recorded tells what is past its ring`() async throws {
    let stage = try await Stage(record: false)
    defer { stage.end() }
    let kit = stage.kit
    try await stage.step(40)
    let object = await eventually {
      (try? await kit.json("GET", "/v1/runs/\(stage.run)")["status"]?.string) == "finished"
    }
    #expect(object)
    let events = try await kit.events(stage.run)
    let gap = try #require(events.first { $0.type == "gap" })
    let dropped = try #require(gap.json["dropped"]?.array)
    let missed = dropped.reduce(0) { $0 + Int($1["count"]?.integer ?? 0) }
    #expect(missed > 0)
    #expect(events.count - 1 + missed == (events.last?.sequence ?? 0) + 1)
  }
}
