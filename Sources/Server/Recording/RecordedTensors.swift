internal import Frames
internal import Recordings

/// What a recording holds that a second execution must give again: tensors by hook and step, and tokens.
struct RecordedTensors {
  /// One tensor's place in a run, whatever its number in the stream.
  struct Key: Hashable {
    let hookID: String
    let isInput: Bool
    let step: Int
  }

  /// A second execution's side.
  struct Comparison {
    private(set) var frames: [Key: FrameBytes] = [:]
    private(set) var tokens: [Int: Int64] = [:]

    mutating func add(_ item: TopicItem, hooks: [RunHook]) {
      if let bytes = item.frame, case .frame(let id) = item.kind,
        let frame = try? FrameBytes(checking: bytes)
      {
        let step = Int(frame.frame.step)
        frames[Key(hookID: id, isInput: frame.frame.isInput, step: step)] = frame
      } else if item.type == EventType.token.rawValue,
        let json = try? JSONValue(reading: item.bytes(.text(.none)))
      {
        tokens[Int(json["step"]?.integer ?? 0)] = json["token_id"]?.integer
      }
    }
  }

  let model: String
  let modelHash: String?
  private(set) var request: [UInt8] = []
  private(set) var interventions: [[UInt8]] = []
  /// The first thing that can't be read.
  private(set) var damage: Service.Verification.Difference?
  private var frames: [(key: Key, frame: FrameBytes)] = []
  private var tokens: [(step: Int, token: Int64, sequence: UInt64)] = []
  private var hooks: [Int: ActivationEvent.Hook] = [:]
  private var hooksChanged = false

  init(_ reader: RecordingReader) throws(Refusal) {
    model = reader.metadata.model
    modelHash = reader.metadata.modelHash
    for (index, entry) in reader.entries.enumerated() {
      do throws(RecordingError) {
        try take(entry, index, reader)
      } catch {
        damage = .init(
          sequence: entry.sequence, step: -1, hookID: "", reason: error.sentence.2)
        return
      }
    }
  }

  private mutating func take(
    _ entry: RecordingEntry, _ index: Int, _ reader: RecordingReader
  ) throws(RecordingError) {
    switch entry.type {
    case .request: request = try reader.payload(index)
    case .change: interventions.append(try reader.payload(index))
    case .frame:
      let frame = try reader.frame(index)
      let hook = hooks[Int(frame.frame.hookIndex)]
      let key = Key(
        hookID: hook?.id ?? "", isInput: frame.frame.isInput, step: Int(frame.frame.step))
      frames.append((key, frame))
    case .event:
      // A damaged record is an error; an intact one that is no JSON merely says nothing.
      let payload = try reader.payload(index)
      guard let json = try? JSONValue(reading: payload) else { return }
      note(json, sequence: entry.sequence)
    case .metadata, .index: break
    }
  }

  private mutating func note(_ json: JSONValue, sequence: UInt64) {
    for hook in json["hooks"]?.array ?? [] {
      if let known = ActivationEvent.Hook(hook) { hooks[known.index] = known }
    }
    switch EventType(rawValue: json["type"]?.string ?? "") {
    case .hooksChanged: hooksChanged = true
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

  /// The first tensor or token that a second execution gave differently.
  func compare(with again: Comparison) -> Service.Verification {
    var result = Service.Verification()
    for (key, frame) in frames {
      guard let other = again.frames[key] else {
        if hooksChanged { continue }
        result.difference = difference(key, frame, "the tensor is missing")
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
        sequence: sequence, step: step, hookID: "", reason: "the token is another")
      return result
    }
    return result
  }

  private func difference(
    _ key: Key, _ frame: FrameBytes, _ reason: String
  ) -> Service.Verification.Difference {
    .init(sequence: frame.frame.sequence, step: key.step, hookID: key.hookID, reason: reason)
  }
}
