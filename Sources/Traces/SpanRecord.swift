internal import Tracing

/// A span that has ended.
struct SpanRecord: Sendable {
  let trace: TraceContext
  let parent: TraceContext?
  let name: String
  let kind: SpanKind
  /// Nanoseconds since 1970.
  let started: UInt64
  let ended: UInt64
  let attributes: SpanAttributes
  let events: [SpanEvent]
  let links: [SpanLink]
  let status: SpanStatus?
}
