import Foundation
import HTTP
import HTTPTypes
import JSON
import StreamKit
import TestKit
import Testing

@testable import API
@testable import Runs

/// What one key has made, as others meet it, by a table that follows from the list of routes.
@Suite(.ownThreads, .timeLimit(.minutes(20))) struct ServerOwnershipTests {
  /// Everything that can belong to a key: where it is found, and under which name.
  private struct Thing {
    let prefix: String
    let name: String
    let absent: String
  }

  /// Routes with a name in them that belong to everybody.
  private static let common = ["/v1/models/", "/v1/scenarios/", "/dashboard/"]
  private static let own = bearer("owner")
  private static let stranger = bearer("stranger")
  private static let admin = bearer("admin")

  private static func bearer(_ secret: String) -> [String] { ["Authorization: Bearer \(secret)"] }

  private static func server(_ folder: String, loadsModel: Bool = true) async throws -> ServerKit {
    let scopes: Set<Scope> = [.read, .run, .intervene, .record]
    let ring = try KeyRing(fixed: [
      AccessKey(name: "owner", secret: "owner", scopes: scopes),
      AccessKey(name: "stranger", secret: "stranger", scopes: scopes),
      AccessKey(name: "admin", secret: "admin", scopes: [.admin]),
    ])
    return try await ServerKit(loadsModel: loadsModel) {
      $0.keys = ring
      $0.recordingsDirectory = folder + "/recordings"
      $0.harvestsDirectory = folder + "/harvests"
    }
  }

  /// Has the owner make one of each.
  private static func made(_ kit: ServerKit) async throws -> [Thing] {
    let run = try #require(
      try await kit.json(
        "POST", "/v1/runs",
        #"{"prompt":"x","max_tokens":2,"ignore_eos":true,"detach":true,"record":true}"#, fields: own
      )[
        "run_id"]?.string)
    _ = try await kit.events(run, fields: own)
    let object = try await kit.json("GET", "/v1/runs/\(run)", fields: own)
    let recording = try #require(object["recording_id"]?.string)
    _ = try await kit.send("POST", "/v1/harvest", harvest, fields: own)
    #expect(
      await eventually {
        let kept = try? await kit.json("GET", "/v1/harvests/kept", fields: own)
        return kept?["status"]?.string == "complete"
      })
    // One that is made while its events are streamed belongs to the key as well.
    _ = try await kit.send(
      "POST", "/v1/analyses", #"{"analysis":"attribution_graph","tokens":[3,4,5],"stream":true}"#,
      fields: own)
    let graph = try #require(
      try await kit.json(
        "POST", "/v1/analyses", #"{"analysis":"attribution_graph","tokens":[3,4,5]}"#, fields: own)[
          "slug"]?.string)
    return [
      Thing(prefix: "/v1/runs/", name: run, absent: "run_absent"),
      Thing(prefix: "/v1/recordings/", name: recording, absent: "rec_absent"),
      Thing(prefix: "/v1/harvests/", name: "kept", absent: "absent"),
      Thing(prefix: "/v1/graphs/", name: graph, absent: "graph_absent"),
    ]
  }

  private static let harvest =
    #"{"name":"kept","tokens":[[3,4,5]],"activation_hooks":[{"layer_name":"blocks.3.hook_resid_post"}]}"#

  private static func path(_ pattern: String, _ name: String) -> String {
    pattern.replacing("{id}", with: name).replacing("{slug}", with: name)
      .replacing("{file}", with: "harvest.json").replacing("{", with: "").replacing("}", with: "")
  }

  private func ask(
    _ kit: ServerKit, _ route: Route, _ name: String, _ fields: [String]
  ) async throws -> TestResponse {
    try await kit.send(
      route.method.rawValue, Self.path(route.pattern, name), route.method == .get ? nil : "{}",
      fields: fields)
  }

  /// What a key sees of all things, and of each.
  private func seen(_ kit: ServerKit, _ things: [Thing], _ fields: [String]) async throws
    -> [String]
  {
    var texts: [String] = []
    for thing in things {
      texts.append(try await kit.send("GET", String(thing.prefix.dropLast()), fields: fields).text)
      texts.append(try await kit.send("GET", thing.prefix + thing.name, fields: fields).text)
    }
    return texts
  }

  @Test func `what a key has made is to other keys as if it were not there, at every route`()
    async throws
  {
    let folder = NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await Self.server(folder)
    let things = try await Self.made(kit)
    let before = try await seen(kit, things, Self.own)
    var count = 0
    for route in Routes(kit.server.service).all where route.pattern.contains("{") {
      guard let thing = things.first(where: { route.pattern.hasPrefix($0.prefix) }) else {
        #expect(
          Self.common.contains { route.pattern.hasPrefix($0) },
          "\(route.pattern): say here whose it is")
        continue
      }
      let answer = try await ask(kit, route, thing.name, Self.stranger)
      let absent = try await ask(kit, route, thing.absent, Self.stranger)
      #expect([404, 426].contains(answer.code), "\(route.method) \(route.pattern): \(answer.text)")
      #expect(answer.code == absent.code, "\(route.method) \(route.pattern)")
      let sentence = try answer.json["error"]?.string
      #expect(
        try sentence?.replacing(thing.name, with: thing.absent) == absent.json["error"]?.string,
        "\(route.method) \(route.pattern)")
      count += 1
    }
    #expect(count > 25)
    for thing in things {
      let list = try await kit.send(
        "GET", String(thing.prefix.dropLast()), fields: Self.stranger)
      #expect(list.code == 200 && !list.text.contains("\"\(thing.name)\""), "\(thing.prefix)")
      let all = try await kit.send("GET", String(thing.prefix.dropLast()), fields: Self.admin)
      #expect(all.text.contains("\"\(thing.name)\""), "\(thing.prefix)")
      #expect(try await kit.send("GET", thing.prefix + thing.name, fields: Self.admin).code == 200)
    }
    let graphs = try await kit.json("GET", "/v1/graphs", fields: Self.stranger)
    #expect(graphs["graphs"] == [])
    #expect(
      try await kit.json("GET", "/v1/graphs", fields: Self.own)["graphs"]?.array?.count == 2)
    try await commands(kit, things[0])
    let taken = try await kit.send("POST", "/v1/harvest", Self.harvest, fields: Self.stranger)
    #expect(taken.code == 409)
    #expect(try taken.json["code"]?.string == "of_another_key")
    #expect(try await seen(kit, things, Self.own) == before, "something was changed")

    // Another life of the server knows it too.
    let again = try await Self.server(folder, loadsModel: false)
    for thing in things[1...2] {
      let place = thing.prefix + thing.name
      #expect(try await again.send("GET", place, fields: Self.stranger).code == 404)
      #expect(try await again.send("DELETE", place, fields: Self.stranger).code == 404)
      #expect(try await again.send("GET", place, fields: Self.own).code == 200)
    }
  }

  /// Commands of a socket, and bodies that name a run.
  private func commands(_ kit: ServerKit, _ run: Thing) async throws {
    let socket = await WebSocketTestClient(
      try kit.client(), "/v1/socket",
      fields: ["Sec-WebSocket-Protocol: neuroscope.v1"] + Self.stranger)
    var frames: [[UInt8]] = []
    for command in SocketCommand.all where !["start", "ping"].contains(command.name) {
      var replies: [JSONValue] = []
      for name in [run.name, run.absent] {
        await socket.send(text: #"{"id":1,"command":"\#(command.name)","run_id":"\#(name)"}"#)
        replies.append(try #require(try await socket.message(frames: &frames)))
      }
      #expect(replies[0]["ok"]?.bool == replies[1]["ok"]?.bool, "\(command.name)")
      #expect(replies[0]["code"] == replies[1]["code"], "\(command.name)")
    }
    for (path, body) in [
      (
        "/v1/runs",
        #"{"prompt":"x","interventions":[{"layer_name":"transformer.h.5","component":"mlp","kind":"patch","source":{"run_id":"RUN","hook_id":"h"}}]}"#
      ),
      ("/v1/analyses", #"{"analysis":"attribution_graph","run_id":"RUN","step":1}"#),
    ] {
      var answers: [TestResponse] = []
      for name in [run.name, run.absent] {
        answers.append(
          try await kit.send("POST", path, body.replacing("RUN", with: name), fields: Self.stranger)
        )
      }
      #expect(answers[0].code == 404, "\(path): \(answers[0].text)")
      #expect(answers[0].code == answers[1].code, "\(path)")
    }
  }

  @Test func `what is shared can be read by others, and changed by its own key alone`() async throws
  {
    let folder = NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await Self.server(folder)
    for thing in try await Self.made(kit)[1...2] {
      let place = thing.prefix + thing.name
      let isRecording = thing.prefix.contains("recordings")
      let shared = try await kit.json("POST", place + "/share", fields: Self.own)
      #expect(shared["shared"]?.bool == true)
      let told = try await kit.json("GET", place, fields: Self.stranger)
      #expect(told["owner"]?.string == "owner" && told["shared"]?.bool == true)
      for part in isRecording ? ["/file", "/export"] : ["/files/harvest.json"] {
        #expect(try await kit.send("GET", place + part, fields: Self.stranger).code == 200)
      }
      if isRecording {
        let replay = try await kit.send(
          "POST", place + "/replay", #"{"speed":0}"#, fields: Self.stranger)
        #expect(replay.code == 201)
        let verified = try await kit.json("POST", place + "/verify", fields: Self.stranger)
        #expect(verified["ok"]?.bool == true)
      }
      for (method, path, body) in [("DELETE", place, nil), ("POST", place + "/share", "{}")] {
        let refused = try await kit.send(method, path, body, fields: Self.stranger)
        #expect(refused.code == 403)
        #expect(try refused.json["code"]?.string == "of_another_key")
      }
      let withdrawn = try await kit.json(
        "POST", place + "/share", #"{"shared":false}"#, fields: Self.own)
      #expect(withdrawn["shared"]?.bool == false)
      #expect(try await kit.send("GET", place, fields: Self.stranger).code == 404)
      _ = try await kit.json("POST", place + "/share", fields: Self.own)
      #expect(try await kit.send("DELETE", place, fields: Self.own).code == 200)
    }
    let left = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String]
    #expect(left?.filter { $0.hasSuffix("shared") } == [])
  }

  @Test func `a run that is shared is watched at every door, and commanded by its own key alone`()
    async throws
  {
    let kit = try await Self.server(NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString)
    let run = try #require(
      try await kit.json(
        "POST", "/v1/runs", #"{"prompt":"x","max_tokens":3,"ignore_eos":true,"start":"paused"}"#,
        fields: Self.own)["run_id"]?.string)
    let place = "/v1/runs/\(run)"
    #expect(try await kit.send("GET", place, fields: Self.stranger).code == 404)
    #expect(try await kit.send("POST", place + "/share", fields: Self.stranger).code == 404)
    #expect(
      try await kit.json("POST", place + "/share", fields: Self.own)
        == ["run_id": .string(run), "shared": true])
    let list = try await kit.send("GET", "/v1/runs", fields: Self.stranger)
    #expect(list.text.contains(run))
    for path in ["", "/snapshot"] {
      #expect(try await kit.send("GET", place + path, fields: Self.stranger).code == 200)
    }
    // Neither by a route nor by a socket may it be changed.
    for route in Routes(kit.server.service).all
    where route.pattern.hasPrefix("/v1/runs/{id}") && route.method != .get {
      let refused = try await ask(kit, route, run, Self.stranger)
      #expect(refused.code == 403, "\(route.method) \(route.pattern): \(refused.text)")
      #expect(try refused.json["code"]?.string == "of_another_key", "\(route.pattern)")
    }
    let socket = await WebSocketTestClient(
      try kit.client(), "/v1/socket",
      fields: ["Sec-WebSocket-Protocol: neuroscope.v1"] + Self.stranger)
    var frames: [[UInt8]] = []
    let looking = ["start", "ping", "subscribe", "unsubscribe", "snapshot"]
    for command in SocketCommand.all where !looking.contains(command.name) {
      await socket.send(text: #"{"id":1,"command":"\#(command.name)","run_id":"\#(run)"}"#)
      let reply = try #require(try await socket.message(frames: &frames))
      #expect(reply["code"]?.string == "of_another_key", "\(command.name): \(reply)")
    }
    #expect(try await kit.json("GET", place, fields: Self.own)["status"]?.string == "paused")
    async let watched = kit.events(run, fields: Self.stranger)
    _ = try await kit.send("POST", place + "/resume", fields: Self.own)
    #expect(try await watched.map(\.type).last == "run.finished")
    _ = try await kit.send("POST", place + "/share", #"{"shared":false}"#, fields: Self.own)
    #expect(try await kit.send("GET", place, fields: Self.stranger).code == 404)
  }

  @Test func `a shared graph is read and checked by others, and removed by its own key alone`()
    async throws
  {
    let kit = try await Self.server(NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString)
    let slug = try #require(
      try await kit.json(
        "POST", "/v1/analyses", #"{"analysis":"attribution_graph","tokens":[3,4,5]}"#,
        fields: Self.own)["slug"]?.string)
    let place = "/v1/graphs/\(slug)"
    _ = try await kit.json("POST", place + "/share", fields: Self.own)
    let graph = try await kit.send("GET", place, fields: Self.own).text
    #expect(try await kit.send("GET", place, fields: Self.stranger).text == graph)
    #expect(
      try await kit.json("GET", "/v1/graphs", fields: Self.stranger)["graphs"]?.array?.count == 1)
    #expect(
      try await kit.json("POST", place + "/verify", fields: Self.stranger)["faithfulness"] != nil)
    for (method, path) in [("DELETE", place), ("POST", place + "/share")] {
      let refused = try await kit.send(method, path, fields: Self.stranger)
      #expect(try refused.json["code"]?.string == "of_another_key", "\(method)")
    }
    #expect(try await kit.send("GET", place, fields: Self.own).text == graph, "it was changed")
    _ = try await kit.json("POST", place + "/share", #"{"shared":false}"#, fields: Self.own)
    #expect(try await kit.send("GET", place, fields: Self.stranger).code == 404)
  }
}
