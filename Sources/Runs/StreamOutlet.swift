internal import Frames
internal import JSON
internal import Streams

/// Where the stream of a run or a job goes: to its topic, and into its recording as long as there is one.
///
/// A recording that fails is given up: viewers are told so once, and the stream goes on.
struct StreamOutlet: ~Copyable {
  let recordingID: String?
  private let run: String
  private let worded: ErrorWording
  private let start = ContinuousClock.now
  /// nil once the stream has ended.
  private var publisher: TopicPublisher?
  private var recorder: (any RunRecorder)?

  /// - Parameters:
  ///   - run: the id in its events.
  ///   - worded: how viewers are told of an error.
  init(
    of run: String, _ publisher: consuming TopicPublisher, recorder: (any RunRecorder)?,
    worded: @escaping ErrorWording
  ) {
    self.run = run
    self.publisher = consume publisher
    self.recorder = recorder
    self.worded = worded
    recordingID = recorder?.id
  }

  /// The number that the next item gets; nil once the stream has ended.
  var nextSequence: UInt64? { mutating get { publisher?.nextSequence } }

  /// Milliseconds since the stream was made, to whole microseconds: what a recording can keep.
  private var milliseconds: Double {
    ((ContinuousClock.now - start) / .microseconds(1)).rounded() / 1000
  }

  /// Wakes the viewers that wait.
  ///
  /// - Returns: whether a lossless viewer is behind, so that nothing more should be published now.
  @discardableResult
  mutating func announce() -> Bool { publisher?.announce() ?? false }

  /// Adds an event without waking anybody yet.
  ///
  /// - Parameters:
  ///   - contents: what it says, for readers in this process.
  mutating func add(
    _ type: EventType, _ fields: [JSONValue.Member] = [], contents: EventContents? = nil, step: Int
  ) {
    let time = milliseconds
    let (run, recorder) = (run, recorder)
    var fault: RunError?
    publisher?.add(type.rawValue, contents: contents) { sequence in
      let json = Event(
        type, runID: run, sequence: sequence, step: step, milliseconds: time, fields: fields
      ).json()
      do throws(RunError) {
        try recorder?.record(event: json, sequence: sequence, milliseconds: time)
      } catch { fault = error }
      return json
    }
    if let fault { giveUp(fault, step: step) }
  }

  /// Adds a tensor without waking anybody yet, encoded once for all viewers; its size in bytes.
  ///
  /// - Parameter encode: encodes the frame, which contains the item's number.
  mutating func add(
    frameOf hook: ActivationEvent.Hook, positions: [Int], step: Int,
    encode: (UInt64) throws(FrameError) -> FrameBytes
  ) throws(FrameError) -> Int {
    let time = milliseconds
    let (run, recorder) = (run, recorder)
    var size = 0
    var fault: RunError?
    try publisher?.add(frameOf: hook.id) { sequence throws(FrameError) in
      let frame = try encode(sequence)
      size = frame.count
      let event = ActivationEvent(
        hook: hook, run: run, sequence: sequence, milliseconds: time, positions: positions,
        frame: frame)
      do throws(RunError) { try recorder?.record(event) } catch { fault = error }
      return event
    }
    if let fault { giveUp(fault, step: step) }
    return size
  }

  /// Keeps a change in the recording, as the bodies that make it again.
  mutating func record(_ changes: [[UInt8]], step: Int) {
    guard let recorder else { return }
    let time = milliseconds
    do throws(RunError) {
      for body in changes { try recorder.record(change: body, milliseconds: time) }
    } catch { giveUp(error, step: step) }
  }

  /// Adds the last event when the recording is whole; where it can't be, viewers are told so before.
  mutating func addLast(
    _ type: EventType, _ fields: [JSONValue.Member], contents: EventContents? = nil, step: Int
  ) {
    guard let recorder, let sequence = nextSequence else {
      return add(type, fields, contents: contents, step: step)
    }
    let time = milliseconds
    let json = Event(
      type, runID: run, sequence: sequence, step: step, milliseconds: time, fields: fields
    ).json()
    do throws(RunError) {
      try recorder.finish(event: json, sequence: sequence, milliseconds: time)
    } catch {
      giveUp(error, step: step)
      return add(type, fields, contents: contents, step: step)
    }
    self.recorder = nil
    publisher?.add(type.rawValue, contents: contents) { _ in json }
  }

  /// Ends the stream, and a recording that has seen no last event: viewers get what is left, then the end.
  mutating func close() {
    try? recorder?.finish()
    recorder = nil
    if let publisher = publisher.take() { publisher.finish() }
  }

  /// Tells viewers that nothing more is recorded.
  private mutating func giveUp(_ fault: RunError, step: Int) {
    recorder = nil
    add(
      .recordingStopped,
      [
        .init("recording_id", recordingID.map { .string($0) } ?? .null),
        .init("error", worded(fault)),
      ], step: step)
  }
}

extension RunRecorder {
  /// Keeps a tensor, with its description where the frame alone does not say its positions.
  func record(_ event: ActivationEvent) throws(RunError) {
    if event.frame.frame.flags.contains(.scatteredPositions) {
      try record(event: event.text, sequence: event.sequence, milliseconds: event.milliseconds)
    }
    try record(event.frame, milliseconds: event.milliseconds)
  }
}
