import Frames
import Foundation
import JSON
import Recordings
import TestKit
import Testing

@testable import API
@testable import Runs

/// Executing recorded runs a second time, with everything that was changed while they ran.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerVerifyTests {
  private static let body =
    #"{"prompt":"The capital of France","max_tokens":10,"temperature":1,"seed":9,"detach":true,"#
    + #""ignore_eos":true,"record":true,"start":"paused","activation_hooks":["#
    + #"{"layer_name":"transformer.h.6","component":"residual","hook_id":"r"}]}"#

  private static let zero =
    #"{"layer_name":"transformer.h.4","component":"mlp","kind":"zero","intervention_id":"z"}"#

  /// A server with a folder of its own, and what is done to runs of it.
  private struct Stage {
    let folder = NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
    let kit: ServerKit

    init() async throws {
      let folder = folder
      kit = try await ServerKit { $0.recordingsDirectory = folder }
    }

    func end() { try? FileManager.default.removeItem(atPath: folder) }

    func step(_ run: String, _ count: Int) async throws {
      let before = try await tokens(run)
      _ = try await kit.send("POST", "/v1/runs/\(run)/step", #"{"count":\#(count)}"#)
      let kit = kit
      #expect(
        await eventually {
          let object = try? await kit.json("GET", "/v1/runs/\(run)")
          return object?["completion_tokens"]?.integer == before + Int64(count)
            && object?["status"]?.string == "paused"
        })
    }

    private func tokens(_ run: String) async throws -> Int64 {
      try await kit.json("GET", "/v1/runs/\(run)")["completion_tokens"]?.integer ?? -1
    }

    func post(_ path: String, _ body: String) async throws {
      let response = try await kit.send("POST", "/v1/runs/" + path, body)
      #expect(response.code < 300, "\(response.text)")
    }

    /// Lets a run end and answers its recording's id.
    func finish(_ run: String) async throws -> String {
      _ = try await kit.send("POST", "/v1/runs/\(run)/resume")
      #expect(try await kit.events(run).last?.type == "run.finished")
      return try #require(try await kit.json("GET", "/v1/runs/\(run)")["recording_id"]?.string)
    }

    func verify(_ recording: String) async throws -> JSONValue {
      try await kit.json("POST", "/v1/recordings/\(recording)/verify")
    }

    /// Writes a recording again with some records changed; checksums and index are those of the new bytes.
    func rewrite(
      _ recording: String, as name: String, _ change: (RecordType, [UInt8]) -> [UInt8]?
    ) throws {
      let folder = RecordingFolder(path: folder)
      let reader = try RecordingReader(path: try #require(folder.file(of: recording)))
      let writer = try RecordingWriter(
        path: try #require(folder.file(of: name)), metadata: reader.metadata,
        createdMilliseconds: reader.createdMilliseconds)
      for (index, entry) in reader.entries.enumerated() where entry.type != .metadata {
        guard let payload = change(entry.type, try reader.payload(index)) else { continue }
        let time = entry.microseconds
        switch entry.type {
        case .request: try writer.append(request: payload, microseconds: time)
        case .event:
          try writer.append(event: payload, sequence: entry.sequence, microseconds: time)
        case .frame:
          try writer.append(frame: try FrameBytes(checking: payload), microseconds: time)
        case .change: try writer.append(change: payload, microseconds: time)
        case .metadata, .index: break
        }
      }
      try writer.finish()
    }
  }

  /// A run whose hooks and interventions change, and that goes back once.
  private func changed(_ stage: Stage) async throws -> String {
    let run = try await stage.kit.start(Self.body)
    try await stage.step(run, 2)
    try await stage.post("\(run)/interventions", Self.zero)
    try await stage.post(
      "\(run)/hooks",
      #"{"add":[{"layer_name":"transformer.h.12","component":"mlp","hook_id":"m"}]}"#)
    try await stage.step(run, 2)
    #expect(
      try await stage.kit.send("DELETE", "/v1/runs/\(run)/interventions/z").code == 200)
    // Another tensor under the same name.
    try await stage.post(
      "\(run)/hooks",
      #"{"hooks":[{"layer_name":"transformer.h.20","component":"residual","hook_id":"r"}]}"#)
    try await stage.step(run, 2)
    try await stage.post("\(run)/rewind", #"{"to_step":2}"#)
    return run
  }

  @Test func `a run that was changed in every way is computed again the same`() async throws {
    let stage = try await Stage()
    defer { stage.end() }
    let recording = try await stage.finish(try await changed(stage))
    let found = try await stage.verify(recording)
    #expect(found["ok"]?.bool == true, "\(found)")
    // Two passes with one hook, one with two, and seven with the last one alone.
    #expect(found["frames_compared"]?.integer == 11)
  }

  @Test func `hooks whose tensors travelled in several types are computed again in each`()
    async throws
  {
    let stage = try await Stage()
    defer { stage.end() }
    let run = try await stage.kit.start(Self.body)
    for type in ["f32", "bf16", "f16", "f32"] {
      try await stage.step(run, 1)
      try await stage.post(
        "\(run)/hooks",
        #"{"add":[{"layer_name":"transformer.h.6","component":"residual","hook_id":"r","#
          + #""dtype":"\#(type)"}]}"#)
    }
    try await stage.step(run, 1)
    try await stage.post("\(run)/rewind", #"{"to_step":3}"#)
    let found = try await stage.verify(try await stage.finish(run))
    #expect(found["ok"]?.bool == true, "\(found)")
    #expect(found["frames_compared"]?.integer == 10)
  }

  @Test func `an intervention replaced by one that begins later is computed again as it was`()
    async throws
  {
    let stage = try await Stage()
    defer { stage.end() }
    let run = try await stage.kit.start(Self.body)
    try await stage.step(run, 2)
    try await stage.post("\(run)/interventions", Self.zero)
    try await stage.step(run, 2)
    // The first one ends here, three passes before the second begins.
    try await stage.post(
      "\(run)/interventions",
      #"{"layer_name":"transformer.h.4","component":"mlp","kind":"scale","strength":3,"#
        + #""intervention_id":"z","from_step":7}"#)
    let found = try await stage.verify(try await stage.finish(run))
    #expect(found["ok"]?.bool == true, "\(found)")
    #expect(found["frames_compared"]?.integer == 10)
    let intervened = try await stage.kit.events(run).compactMap(\.frame).compactMap { bytes in
      let frame = try FrameBytes(checking: bytes).frame
      return frame.flags.contains(.intervened) ? frame.step : nil
    }
    #expect(intervened == [2, 3, 7, 8, 9])
  }

  @Test func `a patch is computed again when the run it came from is forgotten`() async throws {
    let stage = try await Stage()
    defer { stage.end() }
    let source = try await stage.kit.start(
      #"{"prompt":"The capital of Italy","max_tokens":10,"detach":true,"ignore_eos":true,"#
        + #""frames":{"dtype":"f32","codec":"raw"},"activation_hooks":["#
        + #"{"layer_name":"transformer.h.4","component":"mlp","hook_id":"m"},"#
        + #"{"layer_name":"blocks.4.attn.hook_z","component":"attention","hook_id":"z"}]}"#)
    #expect(try await stage.kit.events(source).last?.type == "run.finished")
    func patch(_ layer: String, _ component: String, _ hook: String) -> String {
      #"{"layer_name":"\#(layer)","component":"\#(component)","kind":"patch","#
        + #""intervention_id":"\#(hook)","source":{"run_id":"\#(source)","hook_id":"\#(hook)"}}"#
    }
    let whole = patch("transformer.h.4", "mlp", "m")
    let heads = patch("blocks.4.attn.hook_z", "attention", "z")
    let run = try await stage.kit.start(
      Self.body.dropLast() + #","interventions":[\#(whole)]}"#)
    try await stage.step(run, 3)
    try await stage.post("\(run)/interventions", heads)
    let child = try await stage.kit.json(
      "POST", "/v1/runs/\(run)/fork", #"{"detach":true,"interventions":[\#(heads)]}"#)
    let fork = try #require(child["run_id"]?.string, "\(child)")
    let recordings = try await [stage.finish(run), stage.finish(fork)]
    #expect(try await stage.kit.send("DELETE", "/v1/runs/\(source)").code == 200)
    #expect(try await stage.kit.send("GET", "/v1/runs/\(source)").code == 404)
    for recording in recordings {
      let found = try await stage.verify(recording)
      #expect(found["ok"]?.bool == true, "\(found)")
    }
  }

  @Test func `a fork, and a fork of a fork, are computed again from their first steps`()
    async throws
  {
    let stage = try await Stage()
    defer { stage.end() }
    let run = try await changed(stage)
    try await stage.step(run, 1)
    var recordings: [String] = []
    var parent = run
    for seed in [77, 78] {
      let child = try await stage.kit.json(
        "POST", "/v1/runs/\(parent)/fork",
        #"{"start":"paused","detach":true,"seed":\#(seed),"interventions":[\#(Self.zero)]}"#)
      let id = try #require(child["run_id"]?.string)
      try await stage.step(id, 2)
      parent = id
      recordings.append(id)
    }
    for (index, child) in recordings.enumerated() {
      recordings[index] = try await stage.finish(child)
    }
    recordings.append(try await stage.finish(run))
    for recording in recordings {
      let found = try await stage.verify(recording)
      #expect(found["ok"]?.bool == true, "\(found)")
      #expect(found["frames_compared"]?.integer ?? 0 > 3)
    }
  }

  @Test func `a bit changed under a right checksum, a lost and an added tensor are found`()
    async throws
  {
    let stage = try await Stage()
    defer { stage.end() }
    let recording = try await stage.finish(try await stage.kit.start(Self.body))
    var left = 4
    try stage.rewrite(recording, as: "bit") { type, payload in
      left -= type == .frame ? 1 : 0
      guard type == .frame, left == 0, let frame = try? FrameBytes(checking: payload),
        var values = try? frame.values(), let encoder = try? FrameEncoder()
      else { return payload }
      values[17] = Float(bitPattern: values[17].bitPattern ^ 1 << 16)
      return (try? encoder.encode(values, as: frame.frame))?.bytes
    }
    let bit = try await stage.verify("bit")["first_difference"]
    #expect(bit?["reason"]?.string == "the numbers differ")
    #expect(bit?["step"]?.integer == 3)
    #expect(bit?["hook_id"]?.string == "r")

    left = 3
    try stage.rewrite(recording, as: "lost") { type, payload in
      left -= type == .frame ? 1 : 0
      return type == .frame && left == 0 ? nil : payload
    }
    let lost = try await stage.verify("lost")["first_difference"]
    #expect(lost?["reason"]?.string == "a tensor is missing")
    #expect(lost?["step"]?.integer == 2)

    try stage.rewrite(recording, as: "added") { type, payload in
      guard type == .frame, let frame = try? FrameBytes(checking: payload),
        frame.frame.step == 5, let values = try? frame.values()
      else { return payload }
      var other = frame.frame
      other.hookIndex = 1
      return (try? FrameEncoder().encode(values, as: other))?.bytes
    }
    let added = try await stage.verify("added")["first_difference"]
    #expect(added?["reason"]?.string == "nobody asked for this tensor")
    #expect(added?["step"]?.integer == 5)
  }

  @Test func `frames say whether an intervention applied in their pass`() async throws {
    let stage = try await Stage()
    defer { stage.end() }
    let run = try await stage.kit.start(Self.body)
    try await stage.step(run, 3)
    try await stage.post("\(run)/interventions", Self.zero)
    try await stage.step(run, 2)
    _ = try await stage.kit.send("DELETE", "/v1/runs/\(run)/interventions/z")
    _ = try await stage.finish(run)
    let steps = try await stage.kit.events(run).compactMap(\.frame).compactMap { bytes in
      let frame = try FrameBytes(checking: bytes).frame
      return frame.flags.contains(.intervened) ? frame.step : nil
    }
    #expect(steps == [3, 4])
  }
}
