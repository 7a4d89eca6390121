import Foundation
import HTTP
import HTTPTypes
import JSON
import StreamKit
import TestKit
import Testing

@testable import API
@testable import Runs

/// Who may do what, at every door.
@Suite(.timeLimit(.minutes(20))) struct ServerKeyTests {
  /// A server with a key of each scope alone, one of all, and one whose time is over.
  private static func server(log: LogLines? = nil) async throws -> ServerKit {
    let keys =
      Scope.allCases.map { AccessKey(name: $0.rawValue, secret: secret($0), scopes: [$0]) } + [
        AccessKey(name: "other", secret: "secret-other", scopes: [.read, .run, .intervene]),
        AccessKey(name: "over", secret: "secret-over", scopes: [.admin], expiry: 1),
      ]
    // A time that stands still: on a busy machine tickets would end before they are used.
    let ring = try KeyRing(fixed: keys, clock: { 2 })
    return try await ServerKit(logger: log?.logger) { $0.keys = ring }
  }

  private static func secret(_ scope: Scope) -> String { "secret-\(scope.rawValue)" }
  private static func bearer(_ secret: String) -> [String] { ["Authorization: Bearer \(secret)"] }

  private static func path(_ pattern: String) -> String {
    pattern.replacing("{id}", with: "absent").replacing("{", with: "").replacing("}", with: "")
  }

  @Test func `every route asks for the scope that its description names`() async throws {
    let kit = try await ServerKit.shared()
    let document = try ReferenceDocument(Installation(roots: [TestModels.root])).value
    for route in Routes(kit.server.service).all {
      let facts = document["paths"]?[route.pattern]?[route.method.rawValue.lowercased()]
      let listed = facts?["security"]?.array
      let described = listed?.compactMap { $0["key"]?.array?.first?.string }.first
      switch route.need {
      case .open: #expect(listed == [], "\(route.method) \(route.pattern)")
      case .scope(let scope):
        #expect(described == scope.rawValue, "\(route.method) \(route.pattern)")
      }
    }
  }

  @Test func `every route refuses whoever has not its scope, and nobody else`() async throws {
    let kit = try await Self.server()
    var count = 0
    for route in Routes(kit.server.service).all {
      for scope in Scope.allCases {
        let answer = try await ask(kit, route, Self.bearer(Self.secret(scope)))
        let isAllowed =
          switch route.need {
          case .open: true
          case .scope(let needed): scope == needed || scope == .admin
          }
        // What a route says of a body that is not there is its own business.
        let isRefused = answer.code == 403 && answer.text.contains("scope_missing")
        #expect(isRefused != isAllowed, "\(route.method) \(route.pattern) with \(scope)")
        #expect(answer.code != 401 || route.pattern == "/v1/login")
        count += 1
      }
      for wrong in [
        [], Self.bearer("secret-over"), Self.bearer("secret-reae"), Self.bearer(""),
        ["Authorization: Basic c2VjcmV0LWFkbWlu"], ["Authorization: secret-admin"],
        ["Authorization: Bearer secret-admin, Bearer secret-admin"],
        ["Cookie: neuroscope_session=secret-admin"], ["X-Api-Key: secret-admin"],
      ] {
        let answer = try await ask(kit, route, wrong)
        if case .open = route.need {
          #expect(
            answer.code != 401 || route.pattern == "/v1/login", "\(route.pattern) with \(wrong)")
        } else {
          #expect(answer.code == 401, "\(route.method) \(route.pattern) with \(wrong)")
          #expect(answer["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
        }
        count += 1
      }
    }
    #expect(count > 700)
    // Where a name has slashes, one route is of all that is asked of a model.
    let heads = try await kit.send(
      "GET", "/v1/models/a/b/heads", fields: Self.bearer(Self.secret(.read)))
    #expect(heads.code == 403 && heads.text.contains("scope_missing"))
    for path in ["/absent", "/v1/absent", "/v1/models/a/b/c"] {
      #expect(try await kit.send("GET", path).code == 401)
      #expect(try await kit.send("GET", path, fields: Self.bearer("secret-read")).code == 404)
    }
  }

  private func ask(
    _ kit: ServerKit, _ route: Route, _ fields: [String]
  ) async throws -> TestResponse {
    try await kit.send(
      route.method.rawValue, Self.path(route.pattern), route.method == .get ? nil : "{}",
      fields: fields)
  }

  @Test func `every command of a socket refuses whoever has not its scope, and nobody else`()
    async throws
  {
    let kit = try await Self.server()
    for scope in Scope.allCases {
      let client = try kit.client()
      let socket = await WebSocketTestClient(
        client, "/v1/socket",
        fields: ["Sec-WebSocket-Protocol: neuroscope.v1"] + Self.bearer(Self.secret(scope)))
      guard scope == .read || scope == .admin else {
        #expect(socket.response.status.contains("403"), "\(scope)")
        continue
      }
      #expect(socket.response.status.contains("101"))
      var frames: [[UInt8]] = []
      for command in SocketCommand.all {
        await socket.send(text: #"{"id":1,"command":"\#(command.name)","run_id":"absent"}"#)
        let reply = try #require(try await socket.message(frames: &frames))
        let isRefused = reply["code"]?.string == "scope_missing"
        #expect(isRefused == (scope != command.scope && scope != .admin), "\(command.name)")
      }
    }
  }

  @Test func `what changes passes or keeps recordings needs its scope inside a body too`()
    async throws
  {
    let kit = try await Self.server()
    let zero =
      #""interventions":[{"layer_name":"transformer.h.5","component":"mlp","kind":"zero"}]"#
    func start(_ members: String, _ secret: String) async throws -> TestResponse {
      try await kit.send(
        "POST", "/v1/runs", #"{"prompt":"x","max_tokens":1,"detach":true\#(members)}"#,
        fields: Self.bearer(secret))
    }
    #expect(try await start("", "secret-run").code == 201)
    let refused = try await start("," + zero, "secret-run")
    #expect(refused.code == 403)
    #expect(try refused.json["details"]?["scope"]?.string == "intervene")
    #expect(try await start("," + zero, "secret-other").code == 201)
    #expect(try await start("," + zero, "secret-admin").code == 201)
  }

  @Test func `a run belongs to its key, and is not there for others`() async throws {
    let kit = try await Self.server()
    let body = #"{"prompt":"x","max_tokens":2,"detach":true,"start":"paused"}"#
    let own = Self.bearer("secret-other")
    let run = try #require(
      try await kit.json("POST", "/v1/runs", body, fields: own)["run_id"]?.string)
    for (method, path) in [
      ("GET", ""), ("GET", "/events"), ("GET", "/frames"), ("GET", "/socket"), ("DELETE", ""),
    ] {
      for key in ["secret-read", "secret-run"] {
        let answer = try await kit.send(
          method, "/v1/runs/\(run)\(path)", fields: Self.bearer(key))
        #expect([403, 404].contains(answer.code), "\(method) \(path) with \(key)")
      }
    }
    for command in RunCommands.all {
      let answer = try await kit.send(
        command.method.rawValue,
        "/v1/runs/\(run)/\(command.path.replacing("{intervention}", with: "x"))", "{}",
        fields: Self.bearer(command.scope == .run ? "secret-run" : "secret-intervene"))
      #expect(answer.code == 404, "\(command.name): \(answer.text)")
    }
    func listed(_ key: String) async throws -> [String] {
      let runs = try await kit.json("GET", "/v1/runs", fields: Self.bearer(key))["runs"]
      return (runs?.array ?? []).compactMap { $0["run_id"]?.string }
    }
    #expect(try await listed("secret-read") == [])
    #expect(try await listed("secret-other") == [run])
    #expect(try await listed("secret-admin") == [run])
    let patch =
      #"{"prompt":"x","interventions":[{"layer_name":"transformer.h.5","component":"mlp","kind":"patch","source":{"run_id":"\#(run)","hook_id":"h"}}]}"#
    let stolen = try await kit.send(
      "POST", "/v1/runs", patch, fields: Self.bearer("secret-admin"))
    #expect(stolen.code == 400, "the administrator sees the run, which has no such hook")
    #expect(try await kit.send("DELETE", "/v1/runs/\(run)", fields: own).code == 200)
  }

  @Test func `a browser logs in, and its cookie serves its own pages alone`() async throws {
    let kit = try await Self.server()
    #expect(try await kit.send("GET", "/")["Location"] == "/login")
    #expect(try await kit.send("GET", "/login").text.contains("name=\"key\""))
    #expect(try await kit.send("POST", "/v1/login", #"{"key":"wrong"}"#).code == 401)
    let login = try await kit.send("POST", "/v1/login", #"{"key":"secret-read"}"#)
    #expect(try login.json["scopes"] == ["read"])
    let cookie = try #require(login["Set-Cookie"])
    #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
    #expect(!cookie.contains("secret-read"))
    let shown = "Cookie: other=1; \(cookie.prefix { $0 != ";" })"
    #expect(try await kit.send("GET", "/", fields: [shown]).code == 200)
    #expect(try await kit.send("GET", "/v1/models", fields: [shown]).code == 200)
    #expect(try await kit.send("POST", "/v1/runs", "{}", fields: [shown]).code == 403)
    for origin in ["http://localhost:1", "http://127.0.0.1:\(kit.port)", "null", "http://evil"] {
      let answer = try await kit.send("GET", "/v1/models", fields: [shown, "Origin: \(origin)"])
      #expect(answer.code == 401, "\(origin)")
    }
    for (site, code) in [
      ("same-origin", 200), ("none", 200), ("same-site", 401), ("cross-site", 401),
    ] {
      let answer = try await kit.send(
        "GET", "/v1/models", fields: [shown, "Sec-Fetch-Site: \(site)"])
      #expect(answer.code == code, "\(site)")
    }
    #expect(try await kit.send("POST", "/v1/logout", "{}", fields: [shown]).code == 200)
    #expect(try await kit.send("GET", "/v1/models", fields: [shown]).code == 401)
    let asCurl = ["Content-Type: application/x-www-form-urlencoded"]
    let json = #"{"key":"secret-run"}"#
    #expect(
      try await kit.send("POST", "/v1/login", json, typed: false, fields: asCurl).code == 200)
    let client = try kit.client()
    let form = "key=secret%2Dread"
    await client.send(
      "POST /v1/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: \(form.utf8.count)\r\n"
        + "Content-Type: application/x-www-form-urlencoded\r\n\r\n\(form)")
    let answer = TestResponse(try #require(await client.receiveAll()))
    #expect(answer.code == 303 && answer["Location"] == "/" && answer["Set-Cookie"] != nil)
  }

  @Test func `a ticket opens one event stream or socket of its key`() async throws {
    let kit = try await Self.server()
    func ticket() async throws -> String {
      let made = try await kit.json("POST", "/v1/tickets", "{}", fields: Self.bearer("secret-read"))
      return try #require(made["ticket"]?.string)
    }
    let first = try await ticket()
    #expect(try await kit.send("GET", "/v1/models?ticket=\(first)").code == 200)
    #expect(try await kit.send("GET", "/v1/models?ticket=\(first)").code == 401)
    let second = try await ticket()
    #expect(try await kit.send("POST", "/v1/tokenize?ticket=\(second)", "{}").code == 401)
    let socket = await WebSocketTestClient(
      try kit.client(), "/v1/socket?ticket=\(second)",
      fields: ["Sec-WebSocket-Protocol: neuroscope.v1"])
    #expect(socket.response.status.contains("101"))
  }

  @Test func `secrets are in no line of the log`() async throws {
    let log = LogLines()
    let kit = try await Self.server(log: log)
    _ = try await kit.send("GET", "/v1/models", fields: Self.bearer("secret-read"))
    _ = try await kit.send(
      "GET", "/v1/models?ticket=secret-ticket", fields: ["Cookie: neuroscope_session=secret-c"])
    _ = try await kit.send("POST", "/v1/login", #"{"key":"secret-run"}"#)
    #expect(await eventually { log.lines.contains { $0.contains("\"key\": read") } })
    #expect(!log.lines.contains { $0.contains("secret-") })
  }

  @Test func `without keys nobody is asked for one, and there is nothing to log in to`()
    async throws
  {
    let kit = try await ServerKit.shared()
    #expect(try await kit.send("GET", "/").code == 200)
    #expect(try await kit.send("POST", "/v1/login", #"{"key":"x"}"#).code == 409)
    #expect(try await kit.send("POST", "/v1/tickets", "{}").code == 409)
    #expect(try await kit.send("POST", "/v1/keys/reload", "{}").code == 409)
  }
}
