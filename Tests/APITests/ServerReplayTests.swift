@testable import Streams
import Foundation
import JSON
import Recordings
import TestKit
import Testing

@testable import API
@testable import Runs

/// Pausing, stepping and resuming the replay of a recording, through real sockets.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerReplayTests {
  private static let task = Task {
    try await ServerKit(loadsModel: false) {
      $0.recordingsDirectory = TestModels.sessions
    }
  }

  private func kit() async throws -> ServerKit { try await Self.task.value }

  private func replay(_ kit: ServerKit, _ name: String, _ body: String) async throws -> String {
    let answer = try await kit.json("POST", "/v1/recordings/\(name)/replay", body)
    return try #require(answer["run_id"]?.string, "\(answer)")
  }

  private func tell(
    _ kit: ServerKit, _ run: String, _ verb: String, _ body: String = "{}"
  ) async throws -> JSONValue {
    try await kit.json("POST", "/v1/runs/\(run)/\(verb)", body)
  }

  private func object(_ kit: ServerKit, _ run: String) async throws -> JSONValue {
    try await kit.json("GET", "/v1/runs/\(run)")
  }

  /// An event stream, read in parts.
  private func open(_ kit: ServerKit, _ run: String) async throws -> LoopbackClient {
    let client = try kit.client()
    await client.send(ServerKit.request("GET", "/v1/runs/\(run)/events?policy=lossless", nil))
    return client
  }

  /// What an uncontrolled replay sends over an event stream.
  private func whole(_ kit: ServerKit, _ name: String) async throws -> (run: String, text: String) {
    let run = try await replay(kit, name, #"{"speed":0}"#)
    return (run, try await kit.send("GET", "/v1/runs/\(run)/events?policy=lossless").text)
  }

  /// How many of this process's descriptors are of files below a folder.
  private func descriptors(of folder: String) -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return names.count { name in
      let place = try? FileManager.default.destinationOfSymbolicLink(
        atPath: "/proc/self/fd/" + name)
      return place?.contains(folder) == true
    }
  }

  @Test func `one that is over holds no descriptor, and late viewers get all of it`() async throws {
    let kit = try await kit()
    let path = TestModels.sessions + "/plain.nsrec"
    let copy = NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: copy) }
    try FileManager.default.copyItem(atPath: path, toPath: copy + "/plain.nsrec")
    let own = try await ServerKit(loadsModel: false) {
      $0.recordingsDirectory = copy
      $0.ringBytes = 4096
    }
    let (_, expected) = try await whole(kit, "plain")
    for _ in 0..<3 {
      let (run, text) = try await whole(own, "plain")
      #expect(try TestEvent.read(text).map(\.type) == TestEvent.read(expected).map(\.type))
      #expect(await eventually { descriptors(of: copy) == 0 })
      let late = try await own.send("GET", "/v1/runs/\(run)/events?policy=lossless").text
      #expect(late == text)
    }
  }

  @Test(arguments: ["plain", "watched", "changed", "stepped", "forked", "cut"])
  func `a replay played in steps sends the bytes of one that is not`(name: String) async throws {
    let kit = try await kit()
    let (other, expected) = try await whole(kit, name)
    let run = try await replay(kit, name, #"{"start":"paused"}"#)
    let stream = try await open(kit, run)
    let start = await stream.receive(through: "event: run.started\n")
    var last: Int64 = -1
    var steps = 0
    while true {
      let stepped = try await tell(kit, run, "step")
      guard stepped["status"]?.string == "paused" else {
        #expect(stepped["status"]?.string == "finished")
        break
      }
      // A step ends with its token, so that the next number is the one behind it.
      let seq = try #require(stepped["seq"]?.integer)
      #expect(expected.contains("event: token\nid: \(kit.server.service.epoch)-\(seq - 1)\n"))
      #expect(seq > last)
      last = seq
      steps += 1
    }
    let tokens = expected.components(separatedBy: "\nevent: token\n").count - 1
    #expect(steps == tokens - 1)
    let answer = TestResponse(Array(start.utf8) + (try #require(await stream.receiveAll())))
    #expect(answer.dechunked.text == expected.replacing(other, with: run))
  }

  @Test func `viewers see a step when it is played, and nothing more until the next command`()
    async throws
  {
    let kit = try await kit()
    let (other, expected) = try await whole(kit, "plain")
    let run = try await replay(kit, "plain", #"{"start":"paused"}"#)
    let socket = try await WebSocketTestClient(kit, "/v1/runs/\(run)/socket?policy=lossless")
    var frames: [[UInt8]] = []
    var types: [String] = []
    /// Reads up to the reply of a command.
    func command(_ name: String, _ more: String = "") async throws -> JSONValue? {
      await socket.send(text: #"{"id":"x","command":"\#(name)","run_id":"\#(run)"\#(more)}"#)
      while let message = try await socket.message(frames: &frames) {
        let type = message["type"]?.string ?? ""
        if type == "reply" { return message }
        types.append(type)
      }
      return nil
    }
    // What a step sends may come behind its reply; a ping brings it in.
    func settled(_ count: Int) async throws -> Bool {
      while types.count < count { _ = try await command("ping") }
      return types.count == count
    }
    #expect(try await settled(1))
    #expect(types == ["run.started"])
    let first = try await command("step")
    #expect(first?["ok"]?.bool == true)
    #expect(first?["run"]?["status"]?.string == "paused")
    #expect(first?["run"]?["completion_tokens"]?.integer == 1)
    #expect(try await settled(8))
    #expect(types.last == "token" && frames.count == 5)
    let third = try await command("step", #","count":2"#)
    #expect(third?["run"]?["completion_tokens"]?.integer == 3)
    #expect(try await settled(20))
    #expect(types.last == "token" && frames.count == 15)
    #expect(try await command("resume")?["run"]?["status"]?.string == "running")
    while types.last != "run.finished" { _ = try await command("ping") }
    let all = try TestEvent.read(expected.replacing(other, with: run))
    #expect(types == all.map(\.type))
    #expect(frames == all.compactMap(\.frame))
    #expect(try await command("pause")?["code"]?.string == "run_ended")
  }

  @Test func `the clock stands still in a pause, and goes on where the last step ended`()
    async throws
  {
    let kit = try await kit()
    let times = try TestEvent.read(try await whole(kit, "plain").text)
      .compactMap { $0.json["time_ms"]?.double }
    // What lies between the first token and what comes next is to last 400 ms, all of the recording 1 s.
    let gap = times[8] - times[7]
    let run = try await replay(kit, "plain", #"{"speed":\#(gap / 400),"start":"paused"}"#)
    let seq = try await tell(kit, run, "step")["seq"]
    #expect(seq?.integer == 8)
    // A replay that is not paused plays all of the recording meanwhile.
    let clock = ContinuousClock()
    let speed = try #require(times.last) / 1000
    let length = try await clock.measure {
      _ = try await kit.events(try await replay(kit, "plain", #"{"speed":\#(speed)}"#))
    }
    #expect(length > .milliseconds(950))
    #expect(try await object(kit, run)["seq"] == seq)
    let stream = try await open(kit, run)
    let resuming = clock.now
    #expect(try await tell(kit, run, "resume")["status"]?.string == "running")
    _ = await stream.receive(through: "-8\n")
    #expect(clock.now - resuming > .milliseconds(380))
  }

  @Test func `a step waits for nothing, however slow the replay is`() async throws {
    let kit = try await kit()
    let run = try await replay(kit, "plain", #"{"speed":1e-9,"start":"paused"}"#)
    let stepped = try await tell(kit, run, "step", #"{"count":100000}"#)
    #expect(stepped["status"]?.string == "finished")
    #expect(stepped["finish_reason"]?.string == "stop")
    #expect(stepped["completion_tokens"]?.integer == 8)
  }

  @Test func `what a replay can't do is refused with what to do instead`() async throws {
    let kit = try await kit()
    let run = try await replay(kit, "plain", #"{"speed":1e-9}"#)
    let running = try await tell(kit, run, "step")
    #expect(running["code"]?.string == "run_not_paused")
    #expect(running["error"]?.string == "Run \(run) is not paused")
    let back = try await kit.send("POST", "/v1/runs/\(run)/rewind", #"{"to_step":0}"#)
    #expect(back.code == 409)
    #expect(try back.json["code"]?.string == "replay_goes_forward")
    #expect(
      try back.json["error"]?.string
        == "Run \(run) replays a recording and can't go back; "
        + "POST /v1/recordings/plain/replay plays it again, from any event")
    #expect(try await tell(kit, run, "fork")["code"]?.string == "not_a_model_run")
    #expect(try await tell(kit, run, "step", #"{"count":0}"#)["code"]?.string == "out_of_range")
    _ = try await kit.send("DELETE", "/v1/runs/\(run)")
    #expect(await eventually { (try? await object(kit, run))?["status"]?.string == "cancelled" })
    for verb in ["pause", "resume", "step"] {
      #expect(try await tell(kit, run, verb)["code"]?.string == "run_ended")
    }
    let start = try await kit.json("POST", "/v1/recordings/plain/replay", #"{"start":"later"}"#)
    #expect(start["code"]?.string == "unknown_value")
  }

  @Test func `a paused replay ends when it is cancelled, and when its last viewer leaves`()
    async throws
  {
    let kit = try await kit()
    let cancelled = try await replay(kit, "plain", #"{"start":"paused"}"#)
    let stream = try await open(kit, cancelled)
    _ = await stream.receive(through: "event: run.started\n")
    _ = try await kit.send("DELETE", "/v1/runs/\(cancelled)")
    #expect(await stream.receive(through: #""finish_reason":"cancelled""#).contains("run.finished"))
    let left = try await replay(kit, "plain", #"{"start":"paused"}"#)
    let leaving = try await open(kit, left)
    _ = await leaving.receive(through: "event: run.started\n")
    leaving.close()
    #expect(await eventually { (try? await object(kit, left))?["status"]?.string == "cancelled" })
  }

  @Test func `a replay that starts paused and that nobody comes to see is cancelled`() async throws
  {
    let kit = try await ServerKit(loadsModel: false) {
      $0.recordingsDirectory = TestModels.sessions
      $0.viewerGrace = 0
    }
    let run = try await replay(kit, "plain", #"{"start":"paused"}"#)
    #expect(await eventually { (try? await object(kit, run))?["status"]?.string == "cancelled" })
  }

  @Test func `a step is answered though a viewer that loses nothing has not read it yet`()
    async throws
  {
    let kit = try await kit()
    let run = try await replay(kit, "plain", #"{"start":"paused"}"#)
    let viewer = try kit.server.service.runs.run(run).topic.subscribe(
      Subscription(policy: .lossless, from: 0, lag: 1))
    let stepped = try await tell(kit, run, "step", #"{"count":4}"#)
    #expect(stepped["status"]?.string == "running")
    // Reading lets it go on, to the end of the step.
    #expect(
      await eventually {
        _ = viewer.take(atMost: 1 << 20)
        return (try? await object(kit, run))?["status"]?.string == "paused"
      })
    #expect(try await object(kit, run)["completion_tokens"]?.integer == 4)
  }

  @Test func `a file that is replayed waits for a viewer, a command, or both`() async throws {
    let kit = try await ServerKit(loadsModel: false) {
      $0.recordingFile = TestModels.sessions + "/plain.nsrec"
    }
    let service = kit.server.service
    let (replay, reader) = try service.replayFile(
      speed: 0, range: 0...(.max), startsPaused: false)
    #expect(replay.id == reader.metadata.runID)
    #expect(try await object(kit, replay.id)["status"]?.string == "queued")
    #expect(try await tell(kit, replay.id, "pause")["status"]?.string == "paused")
    let stepped = try await tell(kit, replay.id, "step", #"{"count":3}"#)
    #expect(stepped["seq"]?.integer == 20 && stepped["status"]?.string == "paused")
    let stream = try await open(kit, replay.id)
    _ = await stream.receive(through: "-19\n")
    #expect(try await object(kit, replay.id)["seq"]?.integer == 20)
    #expect(try await tell(kit, replay.id, "resume")["status"]?.string != "paused")
    #expect(await stream.receive(through: "event: run.finished\n").hasSuffix("run.finished\n"))
  }
}
