internal import Streams
internal import DequeModule
internal import Engine
internal import Frames
internal import JSON
internal import Hooks
internal import Interpretability
internal import Tokenizers

extension Run {
  /// Bytes of frames after which viewers are woken, so that a large pass arrives in parts.
  private static let announcement = 256 << 10

  /// Publishes the run's first event.
  ///
  /// The prompt and the hooks are in it, so that a viewer needs nothing else.
  package func publishStart() {
    add(RunEvents.started(facts))
    _ = publisher?.announce()
  }

  /// Publishes an event of the engine.
  func publish(_ event: GenerationEvent) {
    switch event {
    case .promptProgress(let processed, let total):
      if !status.isOver, status != .paused { status = .running }
      add(.promptProgress(processed: processed, total: total))
    case .promptScores: break
    case .captures(let batch): publish(batch, from: 0)
    case .token(let step, let token, let text, let score, let top):
      if !status.isOver, status != .paused { status = .running }
      self.step = step
      pieces.append(text)
      completionTokens += 1
      add(
        .token(
          id: Int(token), text: text, logprob: Self.decimal(score.logprob),
          top: top.map { alternative($0) }))
      if isAnalysed { generation?.release() }
    case .text(let rest):
      self.rest += rest
      add(.text(rest))
    case .changed(let applied): publish(applied)
    case .interventionApplied(let id, let firstStep):
      add(.interventionApplied(interventionID: id, firstStep: firstStep))
    case .watchFired(let firing, let done):
      self.step = firing.step
      add(.watchFired, firing.fields(of: watches.all[firing.watch], done: done))
    case .paused(let step):
      // Before the first pass the engine counts from -1; viewers know no step before 0.
      self.step = max(0, step)
      if !status.isOver { status = .paused }
      add(.runPaused)
    case .resumed(let step):
      self.step = max(0, step)
      if !status.isOver { status = .running }
      add(.runResumed)
    case .rewound(let step): rewound(to: step)
    case .finished(let reason, let summary): finish(reason, summary)
    case .failed(let error): fail(.engine(error))
    }
    _ = publisher?.announce()
    if status.isOver, isFinal(event) { close() }
  }

  private func isFinal(_ event: GenerationEvent) -> Bool {
    switch event {
    case .finished, .failed: true
    default: false
    }
  }

  private func alternative(_ score: TokenScore) -> EventContents.Alternative {
    EventContents.Alternative(
      tokenID: Int(score.token), text: order.model.tokenizer.piece(score.token),
      logprob: Self.decimal(score.logprob))
  }

  /// The double whose shortest decimal is the single's.
  private static func decimal(_ value: Float) -> Double {
    Double(value.description) ?? Double(value)
  }

  private func finish(_ reason: FinishReason, _ summary: GenerationSummary) {
    status = reason == .cancelled ? .cancelled : .finished
    finishReason = reason.rawValue
    self.summary = summary
    completionTokens = summary.completionTokens
    addLast(
      .runFinished(
        reason: reason.rawValue, usage: RunEvents.usage(summary),
        timings: RunEvents.timings(summary)))
  }

  private func fail(_ error: RunError) {
    status = .failed
    failure = error
    finishReason = "error"
    addLast(.error(worded(error)))
  }

  // MARK: Captures

  /// Publishes a pass's captures from an item on; where a viewer says stop, the rest goes back in line.
  ///
  /// Viewers are woken when the pass's token has followed, or earlier where there is much.
  ///
  /// Much is framed elsewhere, so that other runs' tokens do not wait for it.
  func publish(_ batch: CaptureBatch, from first: Int) {
    if let slice = nextSlice(of: batch, from: first) { return frame(slice) }
    var unannounced = 0
    for place in first..<batch.items.count {
      unannounced += publish(place, of: batch)
      guard unannounced > Self.announcement else { continue }
      unannounced = 0
      if publisher?.announce() == true, place + 1 < batch.items.count {
        work.prepend(.captures(batch, from: place + 1))
        return
      }
    }
    finish(batch)
  }

  /// All of a pass's captures are published.
  func finish(_ batch: CaptureBatch) {
    if isAnalysed {
      unanalysed = batch
      _ = publisher?.announce()
    }
    if backlog.remove(GenerationEvent.captures(batch).weight) { generation?.release() }
  }

  /// Publishes one tensor, encoded once for all viewers; its size in bytes.
  ///
  /// - Parameter made: its frame where it was made elsewhere.
  func publish(
    _ place: Int, of batch: CaptureBatch, made: FramingSlice.Made? = nil
  ) -> Int {
    let item = batch.items[place]
    guard let index = hooks.places(of: batch.specs, step: batch.step)[item.spec], let framing
    else { return 0 }
    let hook = hooks[index]
    let run = id
    let time = milliseconds
    let positions = item.positions
    if hook.servesPatches { sources.keep(item, of: batch, hook: hook, run: id) }
    do {
      var size = 0
      try publisher?.add(frameOf: hook.spec.hookID) { sequence throws(FrameError) in
        let began = ContinuousClock.now
        let frame: FrameBytes
        if let made {
          frame = try made.frame.get()
        } else {
          frame = try framing.frame(
            item, of: batch, hook: hook, sequence: sequence,
            isLastOfPass: place == batch.lastForViewers)
        }
        size = frame.count
        meter?.note(
          frameOf: hook.spec.component.rawValue, floats: item.count, bytes: size,
          took: made == nil ? ContinuousClock.now - began : nil)
        record(frame, milliseconds: time, positions: positions)
        return ActivationEvent(
          hook: hook.event, run: run, sequence: sequence, milliseconds: time,
          positions: positions, frame: frame)
      }
      reportRecorder()
      return size
    } catch {
      // A tensor too large for one frame, or no memory: viewers are told which one they miss.
      add(
        .error([
          "message": .string("A tensor of hook \(hook.spec.hookID) could not be framed"),
          "code": "frame_not_possible", "hook_id": .string(hook.spec.hookID),
        ]))
      return 0
    }
  }

  // MARK: Events

  func add(_ contents: EventContents) { add(contents.type, contents.fields, contents.kept) }

  func add(_ type: EventType, _ fields: [JSONValue.Member], _ contents: EventContents? = nil) {
    let time = milliseconds
    publisher?.add(type.rawValue, contents: contents) { sequence in
      let event = Event(
        type, runID: id, sequence: sequence, step: step, milliseconds: time, fields: fields)
      let json = event.json()
      keep { recorder throws(RunError) in
        try recorder.record(event: json, sequence: sequence, milliseconds: time)
      }
      return json
    }
    reportRecorder()
  }
}

extension EventContents {
  /// What answers that are made of a run's events read of them, in this process; the rest is kept as text only.
  var kept: EventContents? {
    switch self {
    case .token, .text, .runFinished, .error: self
    case .runStarted, .promptProgress, .analysis, .interventionApplied, .runPaused, .runResumed,
      .runForked, .gap:
      nil
    }
  }
}

extension CaptureBatch {
  /// The place of the last tensor that viewers are sent; what analyses read comes behind them.
  var lastForViewers: Int? { items.lastIndex { !specs[$0.spec].isForAnalysis } }
}
