import HTTP
import HTTPTypes
import JSON
import StreamKit
import TestKit
import Testing

@testable import API

/// A server that a proxy gives one folder of a site.
@Suite(.ownThreads) struct ServerBasePathTests {
  private static let base = "/tools/scope"

  private static func server(keys: KeyRing = .none) async throws -> ServerKit {
    let path = try #require(BasePath(base))
    return try await ServerKit {
      $0.basePath = path
      $0.keys = keys
    }
  }

  @Test func `every route is below the path, and where a proxy that takes it off finds it`()
    async throws
  {
    let kit = try await Self.server()
    for route in Routes(kit.server.service).all where route.method == .get {
      let path = route.pattern.replacing("{id}", with: "absent").replacing("{", with: "")
        .replacing("}", with: "")
      let (below, at) = (
        try await kit.send("GET", Self.base + path), try await kit.send("GET", path)
      )
      #expect(below.code == at.code, "\(path)")
      #expect(!below.text.contains("\(Self.base)\(path) not found"), "\(path)")
    }
    #expect(try await kit.send("GET", "/tools/scopes/v1/models").code == 404)
    #expect(try await kit.send("GET", Self.base + Self.base + "/v1/models").code == 404)
  }

  @Test func `places that answers name are below the path`() async throws {
    let kit = try await Self.server()
    let run = try await kit.send(
      "POST", Self.base + "/v1/runs", #"{"prompt":"Hi","max_tokens":1,"detach":true}"#)
    let place = try #require(run["Location"])
    #expect(place.hasPrefix("\(Self.base)/v1/runs/"))
    #expect(try await kit.send("GET", place).code == 200)
    let document = try await kit.json("GET", Self.base + "/v1/openapi.json")
    #expect(document["servers"]?.array?.map { $0["url"]?.string } == [Self.base])
  }

  @Test func `what is told of runs, jobs and replays leads below the path at every door`()
    async throws
  {
    let path = try #require(BasePath(Self.base))
    let kit = try await ServerKit {
      $0.basePath = path
      $0.recordingsDirectory = TestModels.sessions
    }
    func begun(_ place: String, _ body: String) async throws -> JSONValue {
      let answer = try await kit.send("POST", Self.base + place, body)
      #expect(answer.code == 201, "\(place)")
      let run = try answer.json
      #expect(answer["Location"] == "\(Self.base)/v1/runs/\(run["run_id"]?.string ?? "")")
      return run
    }
    let paused = #"{"prompt":"Hi","max_tokens":2,"start":"paused","detach":true}"#
    let run = try await begun("/v1/runs", paused)
    let id = try #require(run["run_id"]?.string)
    var told = [
      run, try await kit.json("GET", "/v1/runs/\(id)"),
      try await begun("/v1/runs/\(id)/fork", "{}"),
      try await begun("/v1/recordings/plain/replay", "{}"),
      try await begun(
        "/v1/analyses",
        #"{"analysis":"ablation","component":"mlp_out","clean":"Mary and John","answer":1,"wrong":2,"detach":true}"#
      ),
    ]
    let socket = try await WebSocketTestClient(kit, Self.base + "/v1/socket")
    await socket.send(text: #"{"id":1,"command":"start","prompt":"Hi","max_tokens":1}"#)
    var frames: [[UInt8]] = []
    while let message = try await socket.message(frames: &frames) {
      guard message["id"]?.integer == 1 else { continue }
      told.append(try #require(message["run"]))
      break
    }
    told += try await kit.json("GET", "/v1/runs")["runs"]?.array ?? []
    #expect(told.count >= 11)
    for run in told {
      let id = try #require(run["run_id"]?.string)
      let urls = try #require(run["urls"]?.members)
      #expect(urls.map(\.name) == ["events", "socket", "frames"])
      for url in urls {
        #expect(url.value.string == "\(Self.base)/v1/runs/\(id)/\(url.name)")
      }
    }
    _ = try await kit.send("DELETE", "/v1/runs/\(id)")
    let events = try #require(run["urls"]?["events"]?.string)
    #expect(try await kit.send("GET", events).text.contains("run.finished"))
  }

  @Test func `a page without the slash is led to where its links are right`() async throws {
    let kit = try await Self.server()
    let led = try await kit.send("GET", Self.base + "?run=run_1&token=3")
    #expect(led.code == 308 && led["Location"] == "\(Self.base)/?run=run_1&token=3")
    let page = try await kit.send("GET", Self.base + "/?run=run_1")
    #expect(page.code == 200 && page.text.contains("dashboard/app.js"))
    for file in ["index.html", "reference.html", "login.html"] {
      let text = try await kit.send("GET", "/dashboard/\(file)").text
      #expect(text.matches(of: /(?:href|src|action)="\//).isEmpty, "\(file) leads to a site's root")
    }
  }

  @Test func `a browser logs in below the path, and shows its session nowhere else`() async throws {
    let keys = try KeyRing(fixed: [AccessKey(name: "one", secret: "secret-one", scopes: [.read])])
    let kit = try await Self.server(keys: keys)
    let led = try await kit.send("GET", Self.base + "/")
    #expect(led.code == 303 && led["Location"] == "\(Self.base)/login")
    let answer = try await kit.send(
      "POST", Self.base + "/v1/login", "key=secret-one", typed: false,
      fields: ["Content-Type: application/x-www-form-urlencoded"])
    #expect(answer.code == 303 && answer["Location"] == "\(Self.base)/")
    let cookie = try #require(answer["Set-Cookie"])
    #expect(cookie.contains("Path=\(Self.base)/;"))
    let session = String(cookie.prefix { $0 != ";" })
    #expect(try await kit.send("GET", Self.base + "/", fields: ["Cookie: \(session)"]).code == 200)
  }
}
