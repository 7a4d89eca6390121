internal import Streams
internal import Frames
internal import JSON
internal import Recordings
internal import Runs

/// What a recording holds that a second execution must give again: tensors by hook and step, and tokens.
struct RecordedTensors {
  /// One tensor's place in a run, whatever its number in the stream.
  struct Key: Hashable {
    /// The hook's number in its run.
    let hook: Int
    let step: Int
  }

  /// A second execution's side.
  struct Comparison {
    private(set) var frames: [Key: FrameBytes] = [:]
    private(set) var tokens: [Int: Int64] = [:]

    mutating func add(_ item: TopicItem) {
      if let bytes = item.frame, let frame = try? FrameBytes(checking: bytes) {
        frames[Key(frame.frame)] = frame
      } else if item.type == EventType.token.rawValue,
        let json = try? JSONValue(parsing: item.text)
      {
        tokens[Int(json["step"]?.integer ?? 0)] = json["token_id"]?.integer
      }
    }
  }

  let model: String
  let modelHash: String?
  /// Whether ``modelHash`` is of all the model's bytes.
  let isWholeHash: Bool
  private(set) var history = RunHistory(request: [])
  /// The first thing that can't be read.
  private(set) var damage: Service.Verification.Difference?
  private var frames: [(key: Key, frame: FrameBytes)] = []
  private var tokens: [(step: Int, token: Int64, sequence: UInt64)] = []
  /// Names of hooks, for people.
  private var names: [Int: String] = [:]

  init(_ reader: RecordingReader) {
    model = reader.metadata.model
    modelHash = reader.metadata.modelHash
    isWholeHash = reader.metadata.isWholeHash
    for (index, entry) in reader.entries.enumerated() {
      do throws(RecordingError) {
        try take(entry, index, reader)
      } catch {
        damage = .init(
          sequence: entry.sequence, reason: error.sentence.2)
        return
      }
    }
  }

  /// The first step that the recording tells of: 0, or where a fork began; nil where nothing was computed.
  var firstStep: Int? { (frames.map(\.key.step) + tokens.map(\.step)).min() }

  private mutating func take(
    _ entry: RecordingEntry, _ index: Int, _ reader: RecordingReader
  ) throws(RecordingError) {
    switch entry.type {
    case .request: history = RunHistory(request: try reader.payload(index))
    case .change: history.append(try reader.payload(index))
    case .frame:
      let frame = try reader.frame(index)
      frames.append((Key(frame.frame), frame))
    case .event:
      // A damaged record is an error; an intact one that is no JSON merely says nothing.
      let payload = try reader.payload(index)
      guard let json = try? JSONValue(parsing: payload) else { return }
      note(json, sequence: entry.sequence)
    case .metadata, .index: break
    }
  }

  private mutating func note(_ json: JSONValue, sequence: UInt64) {
    for hook in json["hooks"]?.array ?? [] {
      if let known = ActivationEvent.Hook(hook) { names[known.index] = known.id }
    }
    switch EventType(rawValue: json["type"]?.string ?? "") {
    case .token:
      guard let token = json["token_id"]?.integer else { return }
      tokens.append((Int(json["step"]?.integer ?? 0), token, sequence))
    case .runRewound:
      let last = Int(json["to_step"]?.integer ?? 0)
      tokens.removeAll { $0.step > last }
      frames.removeAll { $0.key.step > last }
    default: break
    }
  }

  // MARK: Comparing

  /// The first tensor or token that a second execution gave differently, or that one of the two has not.
  func compare(with again: Comparison, timeline: RunTimeline) -> Service.Verification {
    var result = Service.Verification()
    var seen: Set<Key> = []
    for (key, frame) in frames {
      guard timeline.hooks(at: key.step).contains(key.hook), seen.insert(key).inserted,
        let other = again.frames[key]
      else {
        result.difference = difference(key, frame, "nobody asked for this tensor")
        return result
      }
      result.comparedFrames += 1
      guard other.frame.shape == frame.frame.shape else {
        result.difference = difference(key, frame, "the shape is another")
        return result
      }
      guard let left = try? frame.unpacked(), let right = try? other.unpacked(), left == right
      else {
        result.difference = difference(key, frame, "the numbers differ")
        return result
      }
    }
    for (step, token, sequence) in tokens where again.tokens[step] != token {
      result.difference = .init(
        sequence: sequence, step: step, reason: "the token is another")
      return result
    }
    result.difference = missing(seen, again, timeline)
    return result
  }

  /// The first tensor that was asked for and is not in the recording.
  private func missing(
    _ seen: Set<Key>, _ again: Comparison, _ timeline: RunTimeline
  ) -> Service.Verification.Difference? {
    // A pass's tensors come before its token; behind the last token a pass may have been cut off.
    var sequences: [Int: UInt64] = [:]
    for token in tokens { sequences[token.step] = token.sequence }
    let lost = again.frames.filter { key, _ in
      sequences[key.step] != nil && !seen.contains(key)
        && timeline.hooks(at: key.step).contains(key.hook)
    }
    guard let first = lost.keys.min(by: { ($0.step, $0.hook) < ($1.step, $1.hook) }) else {
      return nil
    }
    return .init(
      sequence: sequences[first.step] ?? 0, step: first.step, hookID: names[first.hook],
      reason: "a tensor is missing")
  }

  private func difference(
    _ key: Key, _ frame: FrameBytes, _ reason: String
  ) -> Service.Verification.Difference {
    .init(
      sequence: frame.frame.sequence, step: key.step, hookID: names[key.hook],
      reason: reason)
  }
}

extension RecordedTensors.Key {
  init(_ frame: TensorFrame) {
    self.init(hook: Int(frame.hookIndex), step: Int(frame.step))
  }
}
