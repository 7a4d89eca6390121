internal import Digests
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

  /// What is kept of a tensor: enough to tell whether another has the same numbers, however long the recording is.
  struct Print: Equatable {
    let shape: [Int]
    /// SHA-256 of the numbers, unpacked; nil where they can't be.
    let digest: [UInt8]?

    init(_ frame: FrameBytes) {
      shape = frame.frame.shape
      digest = (try? frame.unpacked()).map { bytes in
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.digest()
      }
    }
  }

  /// A second execution's side.
  struct Comparison {
    private(set) var tensors: [Key: Print] = [:]
    private(set) var tokens: [Int: Int64] = [:]

    mutating func add(_ item: TopicItem) {
      if let frame = item.activation?.frame {
        tensors[Key(frame.frame)] = Print(frame)
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
  /// What a job came to, and the number of its event.
  private(set) var result: (json: JSONValue, sequence: UInt64)?
  private var tensors: [(key: Key, sequence: UInt64, print: Print)] = []
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

  /// The request of a recorded job; nil of a run.
  func analysis() throws(Refusal) -> Fields? {
    guard !history.request.isEmpty else { return nil }
    let fields = try Fields(body: history.request)
    return fields["analysis"] == nil ? nil : fields
  }

  /// The first step that the recording tells of: 0, or where a fork began; nil where nothing was computed.
  var firstStep: Int? { (tensors.map(\.key.step) + tokens.map(\.step)).min() }

  private mutating func take(
    _ entry: RecordingEntry, _ index: Int, _ reader: RecordingReader
  ) throws(RecordingError) {
    switch entry.type {
    case .request: history = RunHistory(request: try reader.payload(index))
    case .change: history.append(try reader.payload(index))
    case .frame:
      let frame = try reader.frame(index)
      tensors.append((Key(frame.frame), frame.frame.sequence, Print(frame)))
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
    case .analysisResult: result = (json, sequence)
    case .runRewound:
      let last = Int(json["to_step"]?.integer ?? 0)
      tokens.removeAll { $0.step > last }
      tensors.removeAll { $0.key.step > last }
    default: break
    }
  }

  // MARK: Comparing

  /// The first tensor or token that a second execution gave differently, or that one of the two has not.
  func compare(with again: Comparison, timeline: RunTimeline) -> Service.Verification {
    var result = Service.Verification()
    var seen: Set<Key> = []
    for (key, sequence, print) in tensors {
      guard timeline.hooks(at: key.step).contains(key.hook), seen.insert(key).inserted,
        let other = again.tensors[key]
      else {
        result.difference = difference(key, sequence, "nobody asked for this tensor")
        return result
      }
      result.comparedFrames += 1
      guard other.shape == print.shape else {
        result.difference = difference(key, sequence, "the shape is another")
        return result
      }
      guard print.digest != nil, other.digest == print.digest else {
        result.difference = difference(key, sequence, "the numbers differ")
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
    let lost = again.tensors.filter { key, _ in
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
    _ key: Key, _ sequence: UInt64, _ reason: String
  ) -> Service.Verification.Difference {
    .init(
      sequence: sequence, step: key.step, hookID: names[key.hook],
      reason: reason)
  }
}

extension RecordedTensors.Key {
  init(_ frame: TensorFrame) {
    self.init(hook: Int(frame.hookIndex), step: Int(frame.step))
  }
}
