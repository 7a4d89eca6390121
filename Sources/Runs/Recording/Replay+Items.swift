internal import Streams
internal import Frames
internal import JSON
internal import Recordings

/// Publishing what is in the file, and keeping up with what it says.
extension Replay {
  /// The first event of every recording, which tells viewers the hooks, and silently what changed them since.
  func publishStart() throws(RecordingError) {
    var skipped = RecordingReplay(reader, from: 0, to: range.lowerBound - 1)
    if let item = try skipped.next() { publish(item) }
    while let item = try skipped.next() {
      if case .event(let json) = item.content, let event = try? JSONValue(parsing: json) {
        note(event)
      }
    }
  }

  func publish(_ item: RecordingReplay.Item) {
    switch item.content {
    case .event(let json): publish(event: json, sequence: item.sequence)
    case .frame(let frame):
      publisher?.add(
        made.item(frame, microseconds: item.microseconds, description: description.take()))
    case .change: break
    }
  }

  private func publish(event json: [UInt8], sequence: UInt64) {
    guard let event = try? JSONValue(parsing: json), let type = event["type"]?.string else {
      return
    }
    note(event)
    if type == EventType.activation.rawValue {
      description = event
    } else {
      publisher?.add(made.item(event: json, type: type, sequence: sequence))
    }
  }

  private func note(_ event: JSONValue) {
    made.noteHooks(of: event)
    hooks = event["hooks"] ?? hooks
    step = max(step, Self.step(event["step"]))
    switch EventType(rawValue: event["type"]?.string ?? "") {
    case .runStarted: began = event
    case .token:
      tokens += 1
      text += event["text"]?.string ?? ""
    case .text: text += event["text"]?.string ?? ""
    case .runRewound:
      text = event["text"]?.string ?? text
      step = Self.step(event["to_step"])
      tokens = step + 1
    case .runFinished:
      finishReason = event["finish_reason"]?.string
      status = finishReason == "cancelled" ? .cancelled : .finished
    case .error: status = .failed
    default: break
    }
  }

  /// A step, whatever a file says.
  private static func step(_ value: JSONValue?) -> Int {
    Int(min(max(value?.integer ?? 0, 0), 1 << 40))
  }

  func endEarly() {
    status = isGivenUp ? .cancelled : .finished
    finishReason = isGivenUp ? "cancelled" : "end_of_recording"
    add(
      .runFinished,
      [
        .init("finish_reason", .string(finishReason ?? "")), .init("usage", usage),
        .init("timings", [:]),
      ])
  }

  func add(_ type: EventType, _ fields: [JSONValue.Member]) {
    let time = Double(recorded) / 1000
    publisher?.add(type.rawValue) { sequence in
      Event(
        type, runID: id, sequence: sequence, step: step, milliseconds: time, fields: fields
      ).json()
    }
  }

  private var usage: JSONValue {
    let prompt = began?["prompt"]?["token_ids"]?.array?.count ?? 0
    return [
      "prompt_tokens": JSONValue(prompt), "completion_tokens": JSONValue(tokens),
      "total_tokens": JSONValue(prompt + tokens),
    ]
  }
}
