import JSON
import TestKit
import Testing

@testable import API
@testable import Runs

/// Analyses that are runs of their own: `POST /v1/analyses` with `detach`.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerJobTests {
  private static let path = "/v1/analyses"
  private static let contrast =
    #""clean":"When Mary and John went to the store, John gave a drink to","answer":" Mary","wrong":" John""#

  private static func ablation(_ more: String) -> String {
    #"{"analysis":"ablation","component":"z",\#(contrast),\#(more)}"#
  }

  private func begin(_ kit: ServerKit, _ body: String) async throws -> String {
    let answer = try await kit.send("POST", Self.path, body)
    let json = try answer.json
    #expect(answer.code == 201, "\(json)")
    let id = try #require(json["run_id"]?.string, "\(json)")
    #expect(answer["Location"] == "/v1/runs/\(id)" && answer["X-NeuroScope-Run"] == id)
    return id
  }

  private func run(_ kit: ServerKit, _ id: String) async -> JSONValue {
    (try? await kit.json("GET", "/v1/runs/\(id)")) ?? .null
  }

  @Test func `its events and its object tell what the plain answer does`() async throws {
    let kit = try await ServerKit.shared()
    let id = try await begin(kit, Self.ablation(#""layers":[3,4],"detach":true"#))
    let events = try await kit.events(id)
    #expect(events.map(\.sequence) == Array(events.indices))
    #expect(events.allSatisfy { $0.json["run_id"]?.string == id && $0.id != nil })
    #expect(events.first?.type == "job.started" && events.first?.json["total"]?.integer == 9)
    let progress = events.filter { $0.type == "analysis.progress" }
    #expect(progress.compactMap { $0.json["done"]?.integer } == Array(1...9))
    #expect(events.suffix(2).map(\.type) == ["analysis.result", "run.finished"])
    let plain = try await kit.json("POST", Self.path, Self.ablation(#""layers":[3,4]"#))
    let result = try #require(events.dropLast().last?.json)
    let object = await run(kit, id)
    for name in ["effect", "logit_diff", "clean", "passes", "model", "analysis"] {
      #expect(result[name] == plain[name] && object["result"]?[name] == plain[name])
    }
    #expect(object["status"]?.string == "finished" && object["finish_reason"]?.string == "stop")
    #expect(object["job"]?["done"]?.integer == 9)
    #expect(object["usage"]?["prompt_tokens"]?.integer == Int64(126))
    let listed = try await kit.json("GET", "/v1/runs")["runs"]?.array
    let brief = try #require(listed?.first { $0["run_id"]?.string == id })
    #expect(brief["result"] == nil && brief["job"] != nil)
    // Who comes late, or again, is told the rest.
    let rest = try await kit.events(id, query: "?from=5")
    #expect(rest.map(\.sequence) == Array(5..<events.count))
    let again = try await kit.events(id, fields: ["Last-Event-ID: \(events[2].id ?? "")"])
    #expect(again.map(\.json) == events.dropFirst(3).map(\.json))
  }

  @Test func `it stands still, goes on step by step, and is cancelled`() async throws {
    let kit = try await ServerKit.shared()
    let id = try await begin(kit, Self.ablation(#""detach":true"#))
    let paused = try await kit.send("POST", "/v1/runs/\(id)/pause")
    #expect(paused.code == 200)
    #expect(try paused.json["status"]?.string == "paused")
    // A pass may have been under way.
    try await Task.sleep(for: .milliseconds(200))
    let before = try #require(await run(kit, id)["job"]?["done"]?.integer)
    #expect(try await kit.send("POST", "/v1/runs/\(id)/step", #"{"count":3}"#).code == 200)
    #expect(await eventually { await run(kit, id)["status"]?.string == "paused" })
    #expect(await run(kit, id)["job"]?["done"]?.integer == before + 3)
    for command in ["rewind", "fork"] {
      let body = command == "rewind" ? #"{"to_step":0}"# : "{}"
      let refused = try await kit.send("POST", "/v1/runs/\(id)/\(command)", body)
      #expect(refused.code == 409, "\(command)")
    }
    #expect(try await kit.send("POST", "/v1/runs/\(id)/resume").code == 200)
    #expect(await eventually { await run(kit, id)["job"]?["done"]?.integer ?? 0 > before + 3 })
    #expect(try await kit.send("DELETE", "/v1/runs/\(id)").code == 200)
    let events = try await kit.events(id)
    #expect(events.last?.type == "run.finished")
    #expect(events.last?.json["finish_reason"]?.string == "cancelled")
    #expect(!events.contains { $0.type == "analysis.result" })
    let kinds = events.map(\.type).filter { $0 == "run.paused" || $0 == "run.resumed" }
    #expect(kinds == ["run.paused", "run.resumed", "run.paused", "run.resumed"])
    #expect(await run(kit, id)["status"]?.string == "cancelled")
    let ended = try await kit.send("POST", "/v1/runs/\(id)/resume")
    #expect(ended.code == 409)
  }

  @Test func `a graph is found, told of and kept without its client`() async throws {
    let kit = try await ServerKit.shared()
    let id = try await begin(
      kit,
      #"{"analysis":"attribution_graph","prompt":"The capital of France is","detach":true}"#)
    let events = try await kit.events(id)
    #expect(
      events.contains { $0.type == "analysis.rows" && $0.json["links"]?.array?.isEmpty == false })
    let slug = try #require(events.dropLast().last?.json["slug"]?.string)
    #expect(try await kit.send("GET", "/v1/graphs/\(slug)").code == 200)
    #expect(await run(kit, id)["result"]?["slug"]?.string == slug)
  }

  @Test func `streamed, it ends with its last viewer and not with its client`() async throws {
    let kit = try await ServerKit.shared()
    func streamed() async throws -> (client: LoopbackClient, id: String) {
      let client = try kit.client()
      await client.send(
        ServerKit.request("POST", Self.path, Self.ablation(#""stream":true"#)))
      let head = TestResponse(Array(await client.receive(through: "job.started").utf8))
      return (client, try #require(head["X-NeuroScope-Run"]))
    }
    // Each stands still while its viewers come and go.
    let (left, alone) = try await streamed()
    #expect(try await kit.send("POST", "/v1/runs/\(alone)/pause").code == 200)
    left.close()
    #expect(await eventually { await run(kit, alone)["status"]?.string == "cancelled" })
    let (client, watched) = try await streamed()
    #expect(try await kit.send("POST", "/v1/runs/\(watched)/pause").code == 200)
    let other = try kit.client()
    await other.send(ServerKit.request("GET", "/v1/runs/\(watched)/events", nil))
    #expect(await eventually { await run(kit, watched)["viewers"]?.integer == 2 })
    client.close()
    #expect(await eventually { await run(kit, watched)["viewers"]?.integer == 1 })
    #expect(try await kit.send("POST", "/v1/runs/\(watched)/resume").code == 200)
    let rest = TestResponse(try #require(await other.receiveAll())).dechunked.text
    #expect(try TestEvent.read(rest).suffix(2).map(\.type) == ["analysis.result", "run.finished"])
  }

  @Test func `a socket watches it, and pauses and cancels it`() async throws {
    let kit = try await ServerKit.shared()
    let id = try await begin(kit, Self.ablation(#""detach":true"#))
    let socket = try await WebSocketTestClient(kit)
    await socket.send(text: #"{"id":1,"command":"subscribe","run_id":"\#(id)"}"#)
    await socket.send(text: #"{"id":2,"command":"pause","run_id":"\#(id)"}"#)
    await socket.send(text: #"{"id":3,"command":"cancel","run_id":"\#(id)"}"#)
    var frames: [[UInt8]] = []
    var types: [String] = []
    while let message = try await socket.message(frames: &frames) {
      types.append(message["type"]?.string ?? "")
      #expect(message["ok"]?.bool != false, "\(message)")
      if types.last == "run.finished" {
        #expect(message["finish_reason"]?.string == "cancelled")
        break
      }
    }
    #expect(types.contains("job.started") && types.contains("run.paused"))
    #expect(frames.isEmpty)
  }

  @Test func `what fails is told as an error, and what is refused begins nothing`() async throws {
    let kit = try await ServerKit.shared()
    let long = Array(repeating: 5, count: 600)
    let id = try await begin(
      kit,
      #"{"analysis":"ablation","component":"z","layers":[0],"detach":true,"answer":1,"wrong":2,"#
        + #""clean":{"tokens":\#(long)}}"#)
    let events = try await kit.events(id)
    #expect(events.last?.type == "error")
    #expect(events.last?.json["error"]?["code"]?.string == "context_length_exceeded")
    let object = await run(kit, id)
    #expect(object["status"]?.string == "failed")
    #expect(object["error"] == events.last?.json["error"])
    let refused = try await kit.send(
      "POST", Self.path, Self.ablation(#""layers":[99],"detach":true"#))
    #expect(refused.code == 400)
  }
}
