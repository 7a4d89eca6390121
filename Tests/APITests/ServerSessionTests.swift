import Frames
import Foundation
import JSON
import Recordings
import TestKit
import Testing

@testable import API
@testable import Runs

/// The sessions of `Fixtures/sessions`, played through every door and computed again.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerSessionTests {
  static let names = ["plain", "watched", "changed", "stepped", "forked", "cut"]

  private static func server(loadsModel: Bool) async throws -> ServerKit {
    try await ServerKit(loadsModel: loadsModel) {
      $0.recordingsDirectory = TestModels.sessions
    }
  }
  private static let playing = Task { try await server(loadsModel: false) }
  private static let computing = Task { try await server(loadsModel: true) }

  /// What a file holds for viewers: the lines of its events, and its frames.
  private struct Session {
    let reader: RecordingReader
    var events: [String] = []
    var frames: [FrameBytes] = []

    init(_ name: String) throws {
      reader = try RecordingReader(path: TestModels.sessions + "/\(name).nsrec")
      for (index, entry) in reader.entries.enumerated() {
        switch entry.type {
        case .event:
          let line = String(decoding: try reader.payload(index), as: UTF8.self)
          if !line.hasPrefix(#"{"type":"activation""#) { events.append(line) }
        case .frame: frames.append(try reader.frame(index))
        default: break
        }
      }
    }

    /// The lines as a replay sends them; an unfinished one gets an end.
    func lines(as run: String) -> [String] {
      events.map { $0.replacingOccurrences(of: reader.metadata.runID, with: run) }
    }
  }

  private func replay(_ kit: ServerKit, _ name: String, _ body: String) async throws -> String {
    let answer = try await kit.json("POST", "/v1/recordings/\(name)/replay", body)
    return try #require(answer["run_id"]?.string, "\(answer)")
  }

  /// The lines of a socket's events without those of tensors, and its binary messages.
  private func watch(_ kit: ServerKit, _ run: String) async throws -> (
    lines: [String], frames: [[UInt8]]
  ) {
    let socket = try await WebSocketTestClient(kit, "/v1/runs/\(run)/socket?policy=lossless")
    var lines: [String] = []
    var frames: [[UInt8]] = []
    while let (first, payload) = await socket.receive(), first & 0x0f < 8 {
      let text = String(decoding: payload, as: UTF8.self)
      if first & 0x0f == 2 { frames.append(payload) }
      if first & 0x0f == 1, !text.hasPrefix(#"{"type":"activation""#) { lines.append(text) }
      if text.hasPrefix(#"{"type":"run.finished""#) { break }
    }
    return (lines, frames)
  }

  @Test(arguments: names)
  func `every door gives the recorded bytes`(name: String) async throws {
    let session = try Session(name)
    let kit = try await Self.playing.value
    let run = try await replay(kit, name, #"{"speed":0}"#)
    let events = try await kit.send("GET", "/v1/runs/\(run)/events?policy=lossless").text
    let data = events.components(separatedBy: "\n").filter { $0.hasPrefix("data: ") }
      .map { String($0.dropFirst(6)) }
    let lines = data.filter { !$0.hasPrefix(#"{"type":"activation""#) }
    let expected = session.lines(as: run)
    #expect(lines.starts(with: expected))
    // Only a file that was cut gets an end of its own.
    #expect(lines.count == expected.count + (name == "cut" ? 1 : 0))
    let frames = session.frames.map(\.bytes)
    #expect(try TestEvent.read(events).compactMap(\.frame) == frames)
    let octets = try await kit.send("GET", "/v1/runs/\(run)/frames")
    #expect(octets.body == Array(frames.joined()))
    let socket = try await watch(kit, run)
    #expect(socket.frames == frames)
    #expect(socket.lines == lines)
    // Numbers as text are the frames' numbers, rounded to nothing.
    let numbers = try await kit.events(run, query: "?tensors=json").filter {
      $0.type == "activation"
    }
    for (event, frame) in zip(numbers, session.frames) {
      #expect(event.json["data"]?.flatNumbers == (try frame.values()))
      #expect(event.json["step"]?.integer == Int64(frame.frame.step))
    }
  }

  @Test func `a range is played under its own numbers, behind the start`() async throws {
    let session = try Session("changed")
    let kit = try await Self.playing.value
    let run = try await replay(kit, "changed", #"{"speed":0,"from":20,"to":40}"#)
    let events = try await kit.events(run)
    #expect(events.first?.type == "run.started")
    #expect(events.dropFirst().dropLast().map(\.sequence) == Array(20...40))
    #expect(events.last?.json["finish_reason"]?.string == "end_of_recording")
    #expect(
      events.compactMap(\.frame)
        == session.frames.filter { (20...40).contains($0.frame.sequence) }.map(\.bytes))
    // Hooks that were added before the range keep their names.
    let late = try await kit.events(try await replay(kit, "changed", #"{"speed":0,"from":45}"#))
    let names = Set(late.compactMap { $0.json["hook_id"]?.string })
    #expect(names.contains("a") && names.isSubset(of: ["r20", "q", "a", "r23"]))
    let backwards = try await kit.json(
      "POST", "/v1/recordings/changed/replay", #"{"from":9,"to":3}"#)
    #expect(backwards["code"]?.string == "out_of_range")
  }

  @Test func `the speed stretches the recorded time`() async throws {
    let session = try Session("plain")
    let length = Double(session.reader.entries.last?.microseconds ?? 0) / 1e6
    let kit = try await Self.playing.value
    for speed in [0.5, 20] {
      let clock = ContinuousClock.now
      _ = try await kit.events(try await replay(kit, "plain", #"{"speed":\#(speed)}"#))
      let passed = (ContinuousClock.now - clock) / .seconds(1)
      // It can't be faster than it should; how much slower it is depends on the machine.
      #expect(passed >= length / speed * 0.9)
    }
  }

  @Test(arguments: names)
  func `the model computes each session again without a difference`(name: String) async throws {
    let session = try Session(name)
    let kit = try await Self.computing.value
    let found = try await kit.json("POST", "/v1/recordings/\(name)/verify")
    #expect(found["ok"]?.bool == true, "\(found)")
    #expect(found["complete"]?.bool == (name != "cut"))
    // What was taken back is not compared.
    let compared = Int(found["frames_compared"]?.integer ?? 0)
    #expect(name == "stepped" ? compared == 8 : compared == session.frames.count)
  }

  @Test func `a flipped bit anywhere in a file is found`() async throws {
    let folder = NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await ServerKit { $0.recordingsDirectory = folder }
    let path = TestModels.sessions + "/plain.nsrec"
    let bytes = Array(try Data(contentsOf: URL(filePath: path)))
    var random = SeededGenerator(seed: 5)
    for round in 0..<20 {
      var bad = bytes
      let place = Int.random(in: 256..<bytes.count, using: &random)
      bad[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      try Data(bad).write(to: URL(filePath: folder + "/flip\(round).nsrec"))
      let answer = try await kit.send("POST", "/v1/recordings/flip\(round)/verify")
      let found = try answer.json
      let isFound =
        answer.code == 422 || found["ok"]?.bool == false || found["complete"]?.bool == false
      #expect(isFound, "byte \(place)")
    }
  }
}

extension JSONValue {
  /// All numbers of nested arrays, in order.
  fileprivate var flatNumbers: [Float] {
    if let array { return array.flatMap(\.flatNumbers) }
    return [Float(double ?? .nan)]
  }
}
