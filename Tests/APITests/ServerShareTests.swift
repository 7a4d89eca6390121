import Engine
import JSON
import Loops
import Streams
import TestKit
import Testing

@testable import API
@testable import Runs

@Suite(.ownThreads, .timeLimit(.minutes(60))) struct `Places for runs` {
  /// The name of a run of a client; nil where it is refused.
  private func start(
    _ client: String, _ kit: ServerKit, paused: Bool = true
  ) async throws -> Run? {
    let model = try #require(kit.server.service.engine.current)
    var order = RunOrder(model: model, tokens: [5, 6, 7], sampling: SamplingRequest())
    order.isDetached = true
    order.startsPaused = paused
    order.sampling.maxTokens = 400
    order.sampling.ignoresEnd = true
    let wish = order
    return try await ClientKey.$current.withValue(ClientKey(client)) {
      do {
        return try await kit.server.service.start(wish)
      } catch Refusal.run {
        return nil
      }
    }
  }

  @Test func `one client's runs leave places for others, and come free when they end`() throws {
    let registry = RunRegistry(limits: RunPlaces.Limits(runs: 8), kept: 4)
    func take(_ client: String) -> RunPlace? {
      ClientKey.$current.withValue(ClientKey(client)) {
        try? registry.takePlace(.computed(isPaused: false))
      }
    }
    var places: [RunPlace] = []
    for _ in 0..<6 { places.append(try #require(take("a"))) }
    #expect(take("a") == nil)
    places.append(try #require(take("b")))
    places.append(try #require(take("b")))
    // All eight are taken now, whoever asks.
    #expect(take("c") == nil)
    places.removeFirst()
    let again = take("a")
    #expect(again != nil)
    #expect(take("c") == nil)
  }

  @Test(arguments: 1...5) func `paused runs of however many clients leave places for others`(
    clients: Int
  ) async throws {
    let kit = try await ServerKit { $0.runLimit = 16 }
    for turn in 0..<80 { _ = try await start("client \(turn % clients)", kit) }
    #expect(kit.server.service.runs.active.count <= 12)
    // Of twelve one client takes six, two three each and so on; one that has none gets one while there is one.
    if clients < 3 { #expect(try await start("newcomer", kit) != nil) }
    for _ in 0..<4 { #expect(try await start("short", kit, paused: false) != nil) }
    for run in kit.server.service.runs.active { run.cancel() }
  }

  @Test func `a run that goes on needs a place among the paused to be paused, and gives it back`()
    async throws
  {
    let kit = try await ServerKit { $0.runLimit = 4 }
    let first = try #require(try await start("a", kit))
    let second = try #require(try await start("b", kit))
    let third = try #require(try await start("c", kit))
    let going = try #require(try await start("d", kit, paused: false))
    // However long the rest takes, it does not come to its end.
    going.generation?.hold()
    await #expect(throws: RunError.self) { try await going.pause() }
    #expect(await going.facts.status != .paused)
    try await second.resume()
    try await going.pause()
    #expect(await going.facts.status == .paused)
    // Steps lead back to a pause, so they give nothing back.
    try await third.step(1)
    await #expect(throws: RunError.self) { try await second.pause() }
    for run in [first, second, third, going] { run.cancel() }
  }

  @Test func `places are kept for replays, and replays take none of the runs`() async throws {
    let kit = try await ServerKit {
      $0.recordingsDirectory = TestModels.sessions
      $0.replayLimit = 8
      $0.runLimit = 4
    }
    func replay(_ client: String) async throws -> Bool {
      try await ClientKey.$current.withValue(ClientKey(client)) {
        do throws(Refusal) {
          _ = try await kit.server.service.replay(
            "plain", Fields(body: Array(#"{"start":"paused"}"#.utf8)))
          return true
        } catch {
          guard case .run(.tooManyReplays) = error else { throw error }
          return false
        }
      }
    }
    var counts: [String: Int] = [:]
    for _ in 0..<10 {
      for client in ["a", "b"] where try await replay(client) { counts[client, default: 0] += 1 }
    }
    #expect(counts["a", default: 0] + counts["b", default: 0] < 8)
    #expect(try await replay("c"))
    for _ in 0..<3 { #expect(try await start("c", kit, paused: false) != nil) }
    for run in kit.server.service.runs.active { run.cancel() }
  }
}

/// Runs that stand still end in a stated time, told in advance; every time here is an argument.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct `Runs that nobody watches` {
  private func paused(_ kit: ServerKit) async throws -> any StreamedRun {
    let id = try await kit.start(
      #"{"prompt":"Once","max_tokens":4,"detach":true,"start":"paused"}"#)
    return try kit.server.service.glance(id)
  }

  private func later(_ seconds: Double) -> ContinuousClock.Instant { .now + .seconds(seconds) }

  @Test func `are warned once, and cancelled when the time is over`() async throws {
    let kit = try await ServerKit { $0.idleSeconds = 1000 }
    let run = try await paused(kit)
    let told = try await kit.json("GET", "/v1/runs/\(run.id)")["expires_at"]?.integer
    let clock = kit.server.service.clock
    #expect((clock + 900...clock + 1001).contains(Int(try #require(told))))
    await kit.server.service.sweep(at: later(800))
    await kit.server.service.sweep(at: later(950))
    await kit.server.service.sweep(at: later(960))
    #expect(await run.isOver() == false)
    await kit.server.service.sweep(at: later(1001))
    #expect(await eventually { await run.isOver() })
    let events = try await kit.events(run.id)
    let warnings = events.filter { $0.type == "run.expiring" }
    #expect(warnings.count == 1)
    #expect(warnings.first?.json["expires_at"]?.integer.map { abs($0 - (told ?? 0)) <= 1 } == true)
    #expect(events.last?.json["finish_reason"]?.string == "cancelled")
    #expect(try await kit.json("GET", "/v1/runs/\(run.id)")["expires_at"] == .null)
  }

  @Test(arguments: ["step", "pause", "interventions", "snapshot", "frames", "events"])
  func `are kept by a command or a viewer, whichever it is`(act: String) async throws {
    let kit = try await ServerKit { $0.idleSeconds = 1000 }
    let run = try await paused(kit)
    let before = later(0)
    await kit.server.service.sweep(at: before + .seconds(950))
    let path = "/v1/runs/\(run.id)/\(act)"
    switch act {
    case "step", "pause": _ = try await kit.send("POST", path, "{}")
    case "interventions":
      _ = try await kit.send(
        "POST", path, #"{"layer_name":"transformer.h.1","component":"mlp","kind":"zero"}"#)
    case "events":
      let client = try kit.client()
      await client.send(ServerKit.request("GET", path, nil))
      #expect(await client.receive(through: "run.started").contains("run.started"))
      #expect(try await kit.json("GET", "/v1/runs/\(run.id)")["expires_at"] == .null)
    default: #expect(try await kit.send("GET", path).code == 200)
    }
    await kit.server.service.sweep(at: before + .seconds(1000))
    #expect(await run.isOver() == false)
    run.cancel()
  }

  @Test func `are not kept by who only looks at their object or the list`() async throws {
    let kit = try await ServerKit { $0.idleSeconds = 1000 }
    let run = try await paused(kit)
    let before = later(0)
    _ = try await kit.json("GET", "/v1/runs/\(run.id)")
    _ = try await kit.json("GET", "/v1/runs")
    await kit.server.service.sweep(at: before + .seconds(950))
    await kit.server.service.sweep(at: before + .seconds(1000))
    #expect(await eventually { await run.isOver() })
  }

  @Test func `are let alone while they go on, or where the operator says so`() async throws {
    let kit = try await ServerKit { $0.idleSeconds = 0 }
    let run = try await paused(kit)
    await kit.server.service.sweep(at: later(1e8))
    #expect(await run.isOver() == false)
    #expect(try await kit.json("GET", "/v1/runs/\(run.id)")["expires_at"] == .null)
    run.cancel()
    var places = RunPlaces(RunPlaces.Limits(runs: 4, idle: .seconds(10)))
    let now = ContinuousClock.now
    let number = try places.take(.computed(isPaused: false), client: .own, at: now)
    #expect(places.due(number, isWatched: false, at: now + .seconds(100)) == .nothing)
  }

  @Test func `end by themselves in a server with a short time`() async throws {
    let kit = try await ServerKit { $0.idleSeconds = 0.2 }
    let run = try await paused(kit)
    #expect(await eventually { await run.isOver() })
    #expect(try await kit.events(run.id).contains { $0.type == "run.expiring" })
  }

  @Test func `end as replays too, with nothing but the recording in their events`() async throws {
    let kit = try await ServerKit(loadsModel: false) {
      $0.recordingsDirectory = TestModels.sessions
      $0.idleSeconds = 1000
    }
    let answer = try await kit.json(
      "POST", "/v1/recordings/plain/replay", #"{"start":"paused"}"#)
    let run = try kit.server.service.glance(try #require(answer["run_id"]?.string))
    #expect(answer["expires_at"]?.integer != nil)
    #expect(await eventually { run.topic.nextSequence == 1 })
    await kit.server.service.sweep(at: later(950))
    await kit.server.service.sweep(at: later(1001))
    #expect(await eventually { await run.isOver() })
    let types = try await kit.events(run.id).map(\.type)
    #expect(types == ["run.started", "run.finished"])
  }
}
