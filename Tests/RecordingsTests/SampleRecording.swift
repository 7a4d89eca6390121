import Foundation
import Frames
import JSON

@testable import Recordings

/// A small run, and places to write it to.
enum SampleRecording {
  static let metadata = RecordingMetadata(
    runID: "run-1", model: "tiny", modelHash: "abc", seed: 1 << 63, more: [.init("x", 1)])

  static func event(_ contents: EventContents, _ sequence: UInt64) -> [UInt8] {
    Event(contents, runID: "run-1", sequence: sequence, step: 0, milliseconds: 0).json()
  }

  /// Frames of several element types, numbered from 1 by twos.
  static func frames(_ count: Int = 4) throws -> [FrameBytes] {
    let encoder = try FrameEncoder()
    let types: [FrameElementType] = [.bfloat16, .float32, .float16, .int8Blocks]
    return try (0..<count).map { index in
      let values = (0..<6).map { Float($0) * 0.5 - Float(index) }
      return try encoder.encode(
        values,
        as: TensorFrame(
          elementType: types[index % 4], codec: .raw, sequence: UInt64(2 * index + 1),
          step: UInt32(index), firstPosition: UInt32(index), hookIndex: 0, shape: [1, 2, 3]))
    }
  }

  /// Writes the sample; answers the bytes of the items that a replay must give back.
  @discardableResult
  static func write(_ writer: RecordingWriter, frames count: Int = 4) throws -> [[UInt8]] {
    try writer.append(request: Array(#"{"prompt":"hi"}"#.utf8), microseconds: 1)
    let start = event(
      .runStarted(
        model: "tiny", modelHash: "abc", tokenIDs: [1], pieces: ["hi"],
        hooks: [["index": 0, "hook_id": "resid"]], sampling: [:]), 0)
    try writer.append(event: start, sequence: 0, microseconds: 2)
    var items = [start]
    for (index, frame) in try frames(count).enumerated() {
      try writer.append(frame: frame, microseconds: UInt64(index) * 1000 + 10)
      let token = event(.token(id: index, text: "t", logprob: nil, top: []), UInt64(2 * index + 2))
      try writer.append(
        event: token, sequence: UInt64(2 * index + 2), microseconds: UInt64(index) * 1000 + 20)
      items += [frame.bytes, token]
    }
    return items
  }

  /// Lends a folder that is removed afterwards.
  static func inFolder<Value>(_ body: (RecordingFolder) throws -> Value) throws -> Value {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: path) }
    return try body(RecordingFolder(path: path.path()))
  }

  /// A finished sample file.
  @discardableResult
  static func finished(_ folder: RecordingFolder, _ name: String = "a", frames: Int = 4) throws
    -> (path: String, items: [[UInt8]])
  {
    let path = folder.path + "/" + name + RecordingFolder.ending
    let writer = try RecordingWriter(
      path: path, metadata: metadata, createdMilliseconds: 1_700_000_000_000)
    let items = try write(writer, frames: frames)
    try writer.finish()
    return (path, items)
  }

  /// A finished file with one record of each kind that a replay reads, and no byte more.
  static func smallest(_ folder: RecordingFolder) throws -> (path: String, items: [[UInt8]]) {
    let path = folder.path + "/small" + RecordingFolder.ending
    let writer = try RecordingWriter(
      path: path, metadata: RecordingMetadata(runID: "", model: ""), createdMilliseconds: 0)
    let frame = try FrameEncoder().encode(
      [1 as Float], as: TensorFrame(codec: .raw, sequence: 1, shape: []))
    let event = Array(#"{"seq":2}"#.utf8)
    try writer.append(frame: frame, microseconds: 1)
    try writer.append(event: event, sequence: 2, microseconds: 2)
    try writer.finish()
    return (path, [frame.bytes, event])
  }

  static func contents(_ path: String) throws -> [UInt8] {
    try Array(Data(contentsOf: URL(filePath: path)))
  }

  static func put(_ bytes: [UInt8], _ path: String) throws {
    try Data(bytes).write(to: URL(filePath: path))
  }

  /// Everything a replay gives, as bytes.
  static func replayed(_ reader: RecordingReader, from: UInt64 = 0, to: UInt64? = nil) throws
    -> [[UInt8]]
  {
    var replay = RecordingReplay(reader, from: from, to: to)
    var items: [[UInt8]] = []
    while let item = try replay.next() {
      switch item.content {
      case .event(let json), .change(let json): items.append(json)
      case .frame(let frame): items.append(frame.bytes)
      }
    }
    return items
  }
}

/// A disk with room for so many bytes.
final class SmallDisk: RecordingSink {
  var bytes: [UInt8] = []
  let room: Int
  /// Whether room can be taken before it is needed.
  let reserves: Bool

  init(room: Int, reserves: Bool = false) {
    self.room = room
    self.reserves = reserves
  }

  func reserve(upTo size: Int) throws(RecordingError) {
    if reserves, size > room { throw .diskFull(path: "small") }
  }

  func write(_ new: [UInt8], at offset: Int) throws(RecordingError) {
    bytes = Array(bytes.prefix(offset)) + new.prefix(room - offset)
    if offset + new.count > room { throw .diskFull(path: "small") }
  }

  func truncate(to size: Int) throws(RecordingError) { bytes = Array(bytes.prefix(size)) }

  func synchronise() throws(RecordingError) {}
}
