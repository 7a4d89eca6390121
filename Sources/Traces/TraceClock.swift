internal import Tracing

/// A moment of a trace.
package struct TraceInstant: TracerInstant {
  /// Since 1970.
  package let nanosecondsSinceEpoch: UInt64

  package static func < (one: TraceInstant, other: TraceInstant) -> Bool {
    one.nanosecondsSinceEpoch < other.nanosecondsSinceEpoch
  }

  /// The moment some time before; never before 1970.
  package func earlier(bySeconds seconds: Double) -> TraceInstant {
    let span = UInt64(exactly: (max(seconds, 0) * 1e9).rounded()) ?? 0
    return TraceInstant(
      nanosecondsSinceEpoch: nanosecondsSinceEpoch - min(span, nanosecondsSinceEpoch))
  }
}

/// Tells the time in one trace: the date once, and from then on a clock that nobody sets.
///
/// Spans below each other share it, so that a step of the machine's date puts none outside the one around it.
package struct TraceClock: Sendable {
  private let date = DefaultTracerClock.now.nanosecondsSinceEpoch
  private let begun = ContinuousClock.now

  package init() {}

  package var now: TraceInstant {
    let gone = (ContinuousClock.now - begun).components
    let nanoseconds = gone.seconds &* 1_000_000_000 &+ gone.attoseconds / 1_000_000_000
    return TraceInstant(nanosecondsSinceEpoch: date &+ UInt64(max(nanoseconds, 0)))
  }
}
