internal import JSON
internal import Streams
internal import Frames

extension Run {
  /// Keeps something in the recording, if there is one; a recording that fails is given up and the run goes on.
  func keep(_ body: (any RunRecorder) throws(RunError) -> Void) {
    guard let recorder else { return }
    do throws(RunError) {
      try body(recorder)
    } catch {
      self.recorder = nil
      recorderFault = error
    }
  }

  /// Keeps a frame, with its description where the frame alone does not say its positions.
  func record(_ frame: FrameBytes, milliseconds: Double, positions: [Int]) {
    guard recorder != nil else { return }
    if frame.frame.flags.contains(.scatteredPositions) {
      let description = ActivationEvent(
        hook: hooks[Int(frame.frame.hookIndex)].event, run: id, sequence: frame.frame.sequence,
        milliseconds: milliseconds, positions: positions, frame: frame
      ).text
      keep { recorder throws(RunError) in
        try recorder.record(
          event: description, sequence: frame.frame.sequence, milliseconds: milliseconds)
      }
    }
    keep { recorder throws(RunError) in try recorder.record(frame, milliseconds: milliseconds) }
  }

  /// Keeps a change as the bodies that make it again from its first step on.
  func record(_ entry: RunLedger.Entry) {
    guard recorder != nil else { return }
    let time = milliseconds
    for body in entry.records {
      keep { recorder throws(RunError) in
        try recorder.record(change: body, milliseconds: time)
      }
    }
  }

  /// Publishes the run's last event when its recording is whole; where it can't be, viewers are told so before.
  func addLast(_ contents: EventContents) {
    guard recorder != nil, let sequence = publisher?.nextSequence else { return add(contents) }
    let time = milliseconds
    let event = Event(
      contents.type, runID: id, sequence: sequence, step: step, milliseconds: time,
      fields: contents.fields
    ).json()
    keep { recorder throws(RunError) in
      try recorder.finish(event: event, sequence: sequence, milliseconds: time)
    }
    recorder = nil
    guard recorderFault == nil else {
      reportRecorder()
      return add(contents)
    }
    publisher?.add(contents.type.rawValue, contents: contents.kept) { _ in event }
  }

  /// Tells viewers once that the recording has stopped.
  func reportRecorder() {
    guard let fault = recorderFault.take() else { return }
    add(
      .recordingStopped,
      [
        .init("recording_id", recordingID.map { .string($0) } ?? .null),
        .init("error", worded(fault)),
      ])
  }
}
