package import Tracing

/// What tasks inherit of the span that they work for.
extension ServiceContext {
  private enum TraceKey: ServiceContextKey {
    typealias Value = TraceContext
    static var nameOverride: String? { "trace" }
  }

  private enum ClockKey: ServiceContextKey {
    typealias Value = TraceClock
    static var nameOverride: String? { "trace-clock" }
  }

  /// The span; nil where nothing is traced.
  package var trace: TraceContext? {
    get { self[TraceKey.self] }
    set { self[TraceKey.self] = newValue }
  }

  /// The clock of the trace's part in this process; nil before that has begun.
  var traceClock: TraceClock? {
    get { self[ClockKey.self] }
    set { self[ClockKey.self] = newValue }
  }
}
