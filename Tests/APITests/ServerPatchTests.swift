import Frames
import Hooks
import JSON
import TestKit
import Testing
import Wire

@testable import API
@testable import Runs

/// Patches take the numbers that another run computed, whatever was sent of them.
@Suite(.ownThreads) struct `Patching from another run` {
  /// Hooks of whole rows: with and without heads, beside the residual stream.
  private static let places = [
    ("transformer.h.8", "residual"), ("blocks.3.attn.hook_z", "attention"),
    ("blocks.5.attn.hook_v", "value"), ("blocks.6.hook_mlp_out", "mlp"),
  ]

  private static func body(_ place: (String, String), seed: Int = 4, _ more: String = "") -> String
  {
    #"{"tokens":[5,6,250,31],"max_tokens":6,"temperature":0.8,"seed":\#(seed),"detach":true,"#
      + #""activation_hooks":[{"layer_name":"\#(place.0)","component":"\#(place.1)","hook_id":"r"}]\#(more)}"#
  }

  private static func patch(_ place: (String, String), _ source: String) -> String {
    #","frames":{"dtype":"f32","codec":"raw"},"interventions":[{"layer_name":"\#(place.0)","#
      + #""component":"\#(place.1)","kind":"patch","source":\#(source)}]"#
  }

  private func frames(_ kit: ServerKit, _ run: String) async throws -> [[UInt8]] {
    try await kit.events(run).compactMap(\.frame).map { try FrameBytes(checking: $0).unpacked() }
  }

  /// Rows as `source.rows` has them: heads one behind the other at each position.
  private func rows(_ kit: ServerKit, _ run: String) async throws -> String {
    var bytes: [UInt8] = []
    for frame in try await kit.events(run).compactMap(\.frame) {
      let found = try FrameBytes(checking: frame)
      let shape = found.frame.shape
      let raw = try found.unpacked()
      guard shape.count == 4 else {
        bytes += raw
        continue
      }
      for position in 0..<shape[2] {
        for head in 0..<shape[1] {
          let start = (head * shape[2] + position) * shape[3] * 4
          bytes += raw[start..<start + shape[3] * 4]
        }
      }
    }
    return String(decoding: Base64.encode(bytes), as: UTF8.self)
  }

  @Test(
    arguments: places.indices, ["", #","frames":{"dtype":"i8"}"#, #","frames":{"dtype":"f16"}"#])
  func `is exact by default, to the last bit of rows that are sent`(
    index: Int, frames sent: String
  ) async throws {
    let kit = try await ServerKit.shared()
    let place = Self.places[index]
    let source = try await kit.start(Self.body(place, sent))
    _ = try await kit.events(source)
    let exact = try await kit.start(
      Self.body(place, #","frames":{"dtype":"f32","codec":"raw"}"#))
    let text = try await rows(kit, exact)
    let named = try await kit.start(
      Self.body(place, seed: 5, Self.patch(place, #"{"run_id":"\#(source)","hook_id":"r"}"#)))
    let offline = try await kit.start(
      Self.body(place, seed: 5, Self.patch(place, #"{"rows":"\#(text)"}"#)))
    #expect(try await frames(kit, named) == frames(kit, offline))
    let texts = try await [
      kit.json("GET", "/v1/runs/\(named)")["text"], kit.json("GET", "/v1/runs/\(offline)")["text"],
    ]
    #expect(texts[0] == texts[1])
  }

  @Test func `is refused with what to do where the exact numbers had to go`() async throws {
    let kit = try await ServerKit { $0.patchBytes = 4 * 128 * 6 }
    let place = Self.places[0]
    let source = try await kit.start(Self.body(place))
    _ = try await kit.events(source)
    let refused = try await kit.json(
      "POST", "/v1/runs",
      Self.body(place, Self.patch(place, #"{"run_id":"\#(source)","hook_id":"r"}"#)))
    #expect(refused["code"]?.string == "capture_forgotten")
    #expect(refused["error"]?.string?.contains("dtype f32") == true)
    // What was sent exactly is in the run's frames and needs no room.
    let exact = try await kit.start(
      Self.body(place, #","frames":{"dtype":"f32","codec":"planes"}"#))
    _ = try await kit.events(exact)
    let taken = try await kit.send(
      "POST", "/v1/runs",
      Self.body(place, Self.patch(place, #"{"run_id":"\#(exact)","hook_id":"r"}"#)))
    #expect(taken.code == 201)
  }

  @Test func `rows follow rewinds, and missing positions leave none`() throws {
    func append(_ rows: inout CapturedRows, _ positions: Range<Int>, _ value: Float) {
      let numbers = [Float](repeating: value, count: positions.count * 2)
      numbers.withUnsafeBufferPointer {
        rows.append($0, dimensions: [positions.count, 2], positions: Array(positions))
      }
    }
    var rows = CapturedRows(at: .residualPost)
    #expect(!rows.isWhole)
    append(&rows, 3..<6, 1)
    append(&rows, 6..<7, 2)
    append(&rows, 5..<6, 3)
    #expect(rows.firstPosition == 3 && rows.width == 2 && rows.isWhole)
    #expect(rows.values == [1, 1, 1, 1, 3, 3])
    append(&rows, 8..<9, 4)
    #expect(!rows.isWhole && rows.byteCount == 0)
  }
}
