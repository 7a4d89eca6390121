internal import Synchronization
package import Tracing

/// A span of this process, sent when it has ended if its trace is sampled.
///
/// Usable from any thread. What is set after the end is lost.
package final class TracedSpan: Span {
  private struct State: Sendable {
    var name: String
    var attributes: SpanAttributes = [:]
    var events: [SpanEvent] = []
    var links: [SpanLink] = []
    var status: SpanStatus?
    var hasEnded = false
  }

  /// What stands below this span is begun with.
  package let context: ServiceContext
  /// Where in its trace it stands.
  package let trace: TraceContext
  /// Tells the time of its trace.
  package let clock: TraceClock
  private let parent: TraceContext?
  private let kind: SpanKind
  /// When it began.
  package let started: TraceInstant
  private let exporter: SpanExporter
  private let state: Mutex<State>

  init(
    _ name: String, _ kind: SpanKind, below context: ServiceContext, startedAt: UInt64,
    to exporter: SpanExporter
  ) {
    parent = context.trace
    trace = parent?.child() ?? .root()
    clock = context.traceClock ?? TraceClock()
    var own = context
    own.trace = trace
    own.traceClock = clock
    self.context = own
    self.kind = kind
    started = TraceInstant(nanosecondsSinceEpoch: startedAt)
    self.exporter = exporter
    state = Mutex(State(name: name))
  }

  package var isRecording: Bool { trace.isSampled && !state.withLock(\.hasEnded) }

  package var operationName: String {
    get { state.withLock(\.name) }
    set { change { $0.name = newValue } }
  }

  package var attributes: SpanAttributes {
    get { state.withLock(\.attributes) }
    set { change { $0.attributes = newValue } }
  }

  package func setStatus(_ status: SpanStatus) { change { $0.status = status } }
  package func addEvent(_ event: SpanEvent) { change { $0.events.append(event) } }
  package func addLink(_ link: SpanLink) { change { $0.links.append(link) } }

  /// Notes what kind of error it was; its text may hold what somebody asked, and is left out.
  package func recordError<Instant: TracerInstant>(
    _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
  ) {
    var all = attributes
    all["exception.type"] = String(reflecting: type(of: error))
    addEvent(SpanEvent(name: "exception", at: instant(), attributes: all))
  }

  /// Says that what the span stands for has failed.
  ///
  /// - Parameter type: of the error, one of few words (`error.type`).
  package func fail(_ type: String) {
    change {
      $0.status = SpanStatus(code: .error)
      $0.attributes["error.type"] = type
    }
  }

  package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
    let ended = instant().nanosecondsSinceEpoch
    let state = state.withLock { state -> State? in
      guard !state.hasEnded else { return nil }
      state.hasEnded = true
      return state
    }
    guard let state, trace.isSampled else { return }
    exporter.take(
      SpanRecord(
        trace: trace, parent: parent, name: state.name, kind: kind,
        started: started.nanosecondsSinceEpoch, ended: max(started.nanosecondsSinceEpoch, ended),
        attributes: state.attributes, events: state.events,
        links: state.links, status: state.status))
  }

  /// Ends it now, by the clock of its trace.
  package func finish() { end(at: clock.now) }

  private func change(_ body: (inout State) -> Void) {
    guard trace.isSampled else { return }
    state.withLock { if !$0.hasEnded { body(&$0) } }
  }
}
