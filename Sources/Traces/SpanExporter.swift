package import Logging
internal import Loops
package import Metrics
internal import Synchronization

/// Sends spans that have ended to a collector, in batches, from a thread of its own.
///
/// Whoever ends a span never waits: it is put in line, and where the line is full it is lost, counted, and told in the log once.
package final class SpanExporter: Sendable {
  /// How often and how much is sent.
  package struct Pace: Sendable {
    /// From the first span in line to its sending, unless a batch is full before.
    package var delay: Duration = .seconds(1)
    /// Spans of a batch.
    package var batch = 512
    /// Spans in line.
    package var line = 2048
    /// How often a batch is sent before it is given up.
    package var attempts = 5
    /// The same for the last batches of a server that ends.
    package var lastAttempts = 2
    /// What is waited before the second attempt, twice that before the third.
    package var pause: Duration = .seconds(1)
    /// How long one attempt may take.
    package var answer: Duration = .seconds(10)

    package init() {}
  }

  /// What was told in the log and is not told again before a batch has got through.
  private enum Trouble: Hashable { case full, unsent, rejected }

  private struct State {
    var line: [SpanRecord] = []
    var told: Set<Trouble> = []
    var isClosing = false
    var isHurried = false
    /// What the sender waits for, and whether a full batch ends the waiting.
    var rest: (task: Task<Void, Never>, endsWhenFull: Bool)?
  }

  private let address: CollectorAddress
  private let resource: TraceResource
  private let pace: Pace
  private let logger: Logger
  private let spans: Counter
  private let state = Mutex(State())
  private let bell: AsyncStream<Void>.Continuation
  private let sender = Mutex<Task<Void, Never>?>(nil)
  private let thread = WorkThreads(count: 1, niceness: 5)

  /// Begins to wait for spans.
  ///
  /// - Parameters:
  ///   - metrics: where spans are counted.
  ///   - logger: who is told of trouble with the collector.
  package init(
    to address: CollectorAddress, as resource: TraceResource, pace: Pace = Pace(),
    metrics: MetricRegistry, logger: Logger
  ) {
    self.address = address
    self.resource = resource
    self.pace = pace
    self.logger = logger
    spans = metrics.counter(
      "neuroscope_trace_spans_total",
      "Spans that have ended: taken by the collector (sent), refused by it or never delivered (failed), without a place in line (dropped).",
      labels: ["result"])
    let (rings, bell) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    self.bell = bell
    let thread = thread
    let work = Task.detached(executorPreference: thread) { [weak self] in
      for await _ in rings { await self?.sendAll() }
      withExtendedLifetime(thread) {}
    }
    sender.withLock { $0 = work }
  }

  deinit { bell.finish() }

  // MARK: In line

  /// Puts a span in line.
  func take(_ span: SpanRecord) {
    enum Place { case first, full, further, none }
    let (place, rest, isNews) = state.withLock { state -> (Place, Task<Void, Never>?, Bool) in
      guard !state.isClosing, state.line.count < pace.line else {
        return (.none, nil, !state.isClosing && state.told.insert(.full).inserted)
      }
      state.line.append(span)
      if state.line.count == 1 { return (.first, nil, false) }
      guard state.line.count >= pace.batch else { return (.further, nil, false) }
      return (.full, state.rest.flatMap { $0.endsWhenFull ? $0.task : nil }, false)
    }
    switch place {
    case .first: bell.yield()
    case .full: rest?.cancel()
    case .further: break
    case .none:
      spans.add(1, "dropped")
      if isNews {
        logger.warning(
          "spans are lost: too many wait for the collector", metadata: ["collector": "\(address)"])
      }
    }
  }

  /// Sends what is in line without waiting for more.
  func hurry() {
    let rest = state.withLock { state in
      state.isHurried = true
      // After a failure only the end hastens the next attempt.
      return state.rest.flatMap { $0.endsWhenFull || state.isClosing ? $0.task : nil }
    }
    rest?.cancel()
    bell.yield()
  }

  /// Sends what is in line, and returns when that is done or time is up.
  func close(within limit: Duration) async {
    state.withLock { $0.isClosing = true }
    hurry()
    bell.finish()
    guard let sender = sender.withLock({ $0 }) else { return }
    await withTaskGroup { group in
      group.addTask { await sender.value }
      group.addTask { try? await Task.sleep(for: limit) }
      await group.next()
      sender.cancel()
      group.cancelAll()
    }
    let left = state.withLock { state in
      defer { state.line = [] }
      return state.line.count
    }
    if left > 0 { lose(left, "the server has ended") }
  }

  // MARK: Sending

  private func sendAll() async {
    await rest(pace.delay, endsWhenFull: true)
    while !Task.isCancelled {
      let batch = state.withLock { state in
        let batch = Array(state.line.prefix(pace.batch))
        state.line.removeFirst(batch.count)
        if state.line.isEmpty { state.isHurried = state.isClosing }
        return batch
      }
      guard !batch.isEmpty else { return }
      await deliver(batch)
    }
  }

  private func deliver(_ batch: [SpanRecord]) async {
    let body = SpanText.request(batch, of: resource)
    var attempt = 1
    while true {
      switch await CollectorPost().send(body, to: address, within: pace.answer) {
      case .taken(let rejected, let reason): return noteTaken(batch.count, rejected, reason)
      case .refused(let reason): return lose(batch.count, reason)
      case .later(let reason, let wait):
        let isLast = state.withLock(\.isClosing)
        guard attempt < (isLast ? pace.lastAttempts : pace.attempts), !Task.isCancelled else {
          return lose(batch.count, reason)
        }
        // Many servers that one collector has turned away come back at different times.
        let usual = pace.pause * (1 << (attempt - 1)) * Double.random(in: 0.75...1.25)
        await rest(max(wait ?? usual, usual), endsWhenFull: false)
        attempt += 1
      }
    }
  }

  /// Waits, unless somebody is in a hurry.
  private func rest(_ time: Duration, endsWhenFull: Bool) async {
    let rest = Task { _ = try? await Task.sleep(for: time) }
    let isShort = state.withLock { state in
      state.rest = (rest, endsWhenFull)
      return endsWhenFull
        ? state.isHurried || state.line.count >= pace.batch : state.isClosing
    }
    if isShort { rest.cancel() }
    await withTaskCancellationHandler {
      await rest.value
    } onCancel: {
      rest.cancel()
    }
    state.withLock { $0.rest = nil }
  }

  // MARK: Notes

  private func noteTaken(_ count: Int, _ rejected: Int, _ reason: String) {
    let failed = min(rejected, count)
    spans.add(Double(count - failed), "sent")
    let isNews = state.withLock { state in
      state.told.subtract([.full, .unsent])
      if failed == 0 { state.told.remove(.rejected) }
      return failed > 0 && state.told.insert(.rejected).inserted
    }
    guard failed > 0 else { return }
    spans.add(Double(failed), "failed")
    guard isNews else { return }
    logger.warning(
      "the collector refuses spans",
      metadata: ["collector": "\(address)", "spans": "\(failed)", "reason": "\(reason)"])
  }

  private func lose(_ count: Int, _ reason: String) {
    spans.add(Double(count), "failed")
    guard state.withLock({ $0.told.insert(.unsent).inserted }) else { return }
    logger.warning(
      "spans are lost: the collector does not take them",
      metadata: ["collector": "\(address)", "reason": "\(reason)"])
  }
}
