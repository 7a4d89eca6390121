import Frames
import JSON
import TestKit
import Testing
import Wire

@testable import API
@testable import Runs

/// Runs over their three doors.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerRunTests {
  private static let body =
    #"{\#(ServerKit.france),"temperature":0,"max_tokens":6,"detach":true,"activation_hooks":["#
    + #"{"layer_name":"transformer.h.0","component":"residual","hook_id":"a"},"#
    + #"{"layer_name":"transformer.h.23","component":"attention","hook_id":"b"},"#
    + #"{"layer_name":"lm_head","component":"logits","hook_id":"c","positions":"last"}]}"#

  /// Long enough that something can be done to it while it runs.
  private static func long(_ more: String = "") -> String {
    #"{"prompt":"Once upon a time","max_tokens":400,"temperature":1,"seed":5,"ignore_eos":true\#(more)}"#
  }

  @Test func `events are numbered without holes and frames are taps times passes`() async throws {
    let kit = try await ServerKit.shared()
    let events = try await kit.events(try await kit.start(Self.body))
    #expect(events.map(\.sequence) == Array(0..<events.count))
    #expect(events.first?.type == "run.started")
    #expect(events.last?.type == "run.finished")
    let tokens = events.filter { $0.type == "token" }
    let frames = events.filter { $0.type == "activation" }
    #expect(frames.count == 3 * tokens.count)
    // A token's frames precede the next token's event: between two tokens lies exactly one pass.
    var pass = 0
    var seen: [Int64] = []
    for event in events {
      if event.type == "activation" { seen.append(event.json["step"]?.integer ?? -1) }
      if event.type == "token" {
        #expect(seen == Array(repeating: Int64(pass), count: 3))
        pass += 1
        seen = []
      }
    }
    let started = try #require(events.first?.json)
    let promptCount = started["prompt"]?["token_ids"]?.array?.count
    #expect(started["prompt"]?["pieces"]?.array?.count == promptCount)
    #expect(started["hooks"]?.array?.map { $0["index"]?.integer } == [0, 1, 2])
  }

  @Test func `the three doors give byte-equal frames and the same text`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(Self.body)
    let events = try await kit.events(run)
    let viaEvents = events.compactMap(\.frame)
    let socket = try await WebSocketTestClient(kit, "/v1/runs/\(run)/socket")
    var viaSocket: [[UInt8]] = []
    var text = ""
    while let message = try await socket.message(frames: &viaSocket) {
      if message["type"]?.string == "token" { text += message["text"]?.string ?? "" }
      if message["type"]?.string == "run.finished" { break }
    }
    let viaREST = try await kit.send("GET", "/v1/runs/\(run)/frames").body
    #expect(!viaEvents.isEmpty)
    #expect(viaSocket == viaEvents)
    #expect(viaREST == Array(viaEvents.joined()))
    let object = try await kit.json("GET", "/v1/runs/\(run)")
    #expect(object["text"]?.string == text)
    #expect(object["status"]?.string == "finished")
    // Equal requests give equal frames, run by run, but for nothing: numbers and order are part of them.
    let again = try await kit.events(try await kit.start(Self.body)).compactMap(\.frame)
    #expect(again == viaEvents)
  }

  @Test func `the chat endpoint's numbers are those of the run behind it`() async throws {
    let kit = try await ServerKit.shared()
    let response = try await kit.send(
      "POST", "/v1/chat/completions/with_activations",
      #"{\#(ServerKit.france),"temperature":0,"max_tokens":4,"encoding":"base64","activation_hooks":["#
        + #"{"layer_name":"transformer.h.3","component":"residual","hook_id":"a"}]}"#)
    let run = try #require(response["X-NeuroScope-Run"])
    var decoder = FrameDecoder()
    decoder.receive(try await kit.send("GET", "/v1/runs/\(run)/frames?hook=a").body)
    for activation in try #require(try response.json["activations"]?["a"]?.array) {
      let frame = try #require(try decoder.next())
      #expect(
        activation["data"]?.string
          == String(decoding: Base64.encode(try frame.unpacked()), as: UTF8.self))
    }
    #expect(try decoder.next() == nil)
  }

  @Test func `a stream taken up again is the uncut one`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(Self.body)
    let whole = try await kit.send("GET", "/v1/runs/\(run)/events")
    let events = try TestEvent.read(whole.text)
    for place in [0, 1, events.count / 2, events.count - 2] {
      let rest = try await kit.events(
        run, fields: ["Last-Event-ID: \(try #require(events[place].id))"])
      #expect(rest.map(\.json) == events[(place + 1)...].map(\.json))
      let from = try await kit.events(run, query: "?from=\(place + 1)")
      #expect(from.map(\.id) == events[(place + 1)...].map(\.id))
    }
    let last = try #require(events.last?.id)
    let past = try await kit.send(
      "GET", "/v1/runs/\(run)/events", fields: ["Last-Event-ID: \(last)"])
    #expect(past.code == 204)
    #expect(
      try await kit.send("GET", "/v1/runs/\(run)/events", fields: ["Last-Event-ID: nonsense"]).code
        == 400)
  }

  @Test func `tensors come as base64, as numbers, or not at all`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(Self.body)
    let frames = try await kit.events(run).compactMap(\.frame)
    let numbers = try await kit.events(run, query: "?tensors=json").filter {
      $0.type == "activation"
    }
    let bare = try await kit.events(run, query: "?tensors=none").filter { $0.type == "activation" }
    #expect(numbers.count == frames.count && bare.count == frames.count)
    for (event, bytes) in zip(numbers, frames) {
      let values = try FrameBytes(checking: bytes).values()
      var flat = try #require(event.json["data"]?.array)
      while let first = flat.first?.array, !first.isEmpty { flat = flat.flatMap { $0.array ?? [] } }
      #expect(flat.map { Float($0.double ?? .nan) } == values)
    }
    #expect(bare.allSatisfy { $0.json["data"] == nil && $0.json["frame"] == nil })
    #expect(try await kit.send("GET", "/v1/runs/\(run)/events?tensors=odd").code == 400)
  }

  @Test func `the first token is sent before the run ends`() async throws {
    let kit = try await ServerKit.shared()
    // One step, so that the run cannot be over before its viewer has left.
    let run = try await kit.start(Self.long(#","start":"paused""#))
    let client = try kit.client()
    await client.send(ServerKit.request("GET", "/v1/runs/\(run)/events", nil))
    _ = await client.receive(through: "event: run.paused")
    _ = try await kit.json("POST", "/v1/runs/\(run)/step", "{}")
    _ = await client.receive(through: "event: token")
    let object = try await kit.json("GET", "/v1/runs/\(run)")
    #expect(["running", "paused"].contains(object["status"]?.string))
    #expect(object["viewers"]?.integer == 1)
    client.close()
    #expect(await eventually { await status(kit, run) == "cancelled" })
    let steps = try await kit.json("GET", "/v1/runs/\(run)")["completion_tokens"]?.integer ?? 0
    #expect(steps < 400)
  }

  @Test func `a chat client that leaves ends its run, unless somebody else watches`() async throws {
    let kit = try await ServerKit.shared()
    let body = #"{\#(ServerKit.france),"temperature":2,"seed":3,"max_tokens":400,"stream":true}"#
    let client = try kit.client()
    await client.send(ServerKit.request("POST", "/v1/chat/completions", body))
    let head = await client.receive(through: "\r\n\r\n")
    let run = try #require(TestResponse(Array(head.utf8))["X-NeuroScope-Run"])
    client.close()
    #expect(await eventually { ["cancelled", "finished"].contains(await status(kit, run)) })
  }

  @Test func `a detached run stays without viewers and DELETE ends it`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(Self.long(#","detach":true,"start":"paused""#))
    #expect(await eventually { await status(kit, run) == "paused" })
    let deleted = try await kit.json("DELETE", "/v1/runs/\(run)")
    #expect(deleted["run_id"]?.string == run)
    #expect(await eventually { await status(kit, run) == "cancelled" })
    let events = try await kit.events(run)
    #expect(events.last?.json["finish_reason"]?.string == "cancelled")
    // A second time it is forgotten.
    #expect(try await kit.send("DELETE", "/v1/runs/\(run)").code == 200)
    #expect(try await kit.send("GET", "/v1/runs/\(run)").code == 404)
  }

  @Test func `a run that nobody comes to see is cancelled`() async throws {
    let kit = try await ServerKit { $0.viewerGrace = 1 }
    let run = try await kit.start(Self.long(#","start":"paused""#))
    #expect(await eventually { await status(kit, run) == "cancelled" })
  }

  @Test func `several viewers of several runs see each their own`() async throws {
    let kit = try await ServerKit.shared()
    let runs = try await [kit.start(Self.body), kit.start(Self.body), kit.start(Self.body)]
    try await withThrowingTaskGroup(of: (String, [TestEvent]).self) { group in
      for run in runs {
        for _ in 0..<3 { group.addTask { (run, try await kit.events(run)) } }
      }
      for try await (run, events) in group {
        #expect(events.allSatisfy { $0.json["run_id"]?.string == run })
        #expect(events.last?.type == "run.finished")
        #expect(events.map(\.sequence) == Array(0..<events.count))
      }
    }
  }

  private func status(_ kit: ServerKit, _ run: String) async -> String? {
    try? await kit.json("GET", "/v1/runs/\(run)")["status"]?.string
  }
}
