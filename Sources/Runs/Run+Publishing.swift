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
    outlet.announce()
  }

  /// Publishes an event of the engine.
  func publish(_ event: GenerationEvent) {
    switch event {
    case .promptProgress(let processed, let total):
      progress.note(.computed)
      add(.promptProgress(processed: processed, total: total))
    case .promptScores: break
    case .captures(let batch): publish(batch, from: 0)
    case .token(let step, let token, let text, let score, let top):
      progress.add(text, at: step)
      add(
        .token(
          id: Int(token), text: text, logprob: Self.decimal(score.logprob),
          top: top.map { alternative($0) }))
      if intake.waitsForAnalyses { generation?.release() }
    case .text(let rest):
      progress.add(rest: rest)
      add(.text(rest))
    case .changed(let applied): publish(applied)
    case .interventionApplied(let id, let firstStep):
      add(.interventionApplied(interventionID: id, firstStep: firstStep))
    case .watchFired(let firing, let done):
      progress.begin(firing.step)
      add(.watchFired, firing.fields(of: progress.watches.all[firing.watch], done: done))
    case .paused(let step):
      progress.note(.paused, at: step)
      add(.runPaused)
    case .resumed(let step):
      progress.note(.resumed, at: step)
      add(.runResumed)
    case .rewound(let step): rewound(to: step)
    case .finished(let reason, let summary): finish(reason, summary)
    case .failed(let error): fail(.engine(error))
    }
    outlet.announce()
    if progress.status.isOver, isFinal(event) { close() }
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
    progress.finish(reason, summary)
    addLast(
      .runFinished(
        reason: reason.rawValue, usage: RunEvents.usage(summary),
        timings: RunEvents.timings(summary)))
  }

  private func fail(_ error: RunError) {
    progress.fail(error)
    addLast(.error(services.worded(error)))
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
      if outlet.announce(), place + 1 < batch.items.count {
        queue.prepend(.captures(batch, from: place + 1))
        return
      }
    }
    finish(batch)
  }

  /// All of a pass's captures are published.
  func finish(_ batch: CaptureBatch) {
    if intake.waitsForAnalyses {
      queue.awaitToken(of: batch)
      outlet.announce()
    }
    intake.published(.captures(batch))
  }

  /// Publishes one tensor, encoded once for all viewers; its size in bytes.
  ///
  /// - Parameter made: its frame where it was made elsewhere.
  func publish(
    _ place: Int, of batch: CaptureBatch, made: FramingSlice.Made? = nil
  ) -> Int {
    let item = batch.items[place]
    guard let framing = queue.framing, let hook = progress.hook(of: item, in: batch) else {
      return 0
    }
    if hook.servesPatches { services.sources.keep(item, of: batch, hook: hook, run: id) }
    do {
      let meter = services.meter
      return try outlet.add(
        frameOf: hook.event, positions: item.positions, step: progress.step
      ) { sequence throws(FrameError) in
        let began = ContinuousClock.now
        let frame: FrameBytes
        if let made {
          frame = try made.frame.get()
        } else {
          frame = try framing.frame(
            item, of: batch, hook: hook, sequence: sequence,
            isLastOfPass: place == batch.lastForViewers)
        }
        meter?.note(
          frameOf: hook.spec.component.rawValue, floats: item.count, bytes: frame.count,
          took: made == nil ? ContinuousClock.now - began : nil)
        return frame
      }
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

  func add(_ contents: EventContents) {
    outlet.add(
      contents.type, contents.fields, contents: contents.kept, step: progress.step)
  }

  func add(_ type: EventType, _ fields: [JSONValue.Member] = []) {
    outlet.add(type, fields, step: progress.step)
  }

  private func addLast(_ contents: EventContents) {
    outlet.addLast(
      contents.type, contents.fields, contents: contents.kept, step: progress.step)
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
