internal import JSON
internal import Tracing

/// Spans as OpenTelemetry's collectors read them.
///
/// - Standard: OTLP 1, JSON over HTTP: the mapping of protocol buffers to JSON, but numbers of traces and spans in hexadecimal and
///   names of enumerations as their numbers.
enum SpanText {
  /// An `ExportTraceServiceRequest`.
  ///
  /// - Parameter resource: what this process is, attributes that all spans share.
  static func request(_ spans: [SpanRecord], of resource: TraceResource) -> [UInt8] {
    JSONWriter.object { writer in
      writer.array("resourceSpans") { writer in
        writer.object { writer in
          writer.object("resource") { writer in
            attributes(
              [
                "service.name": .string(resource.name),
                "service.version": .string(resource.version),
                "service.instance.id": .string(resource.instance),
              ], to: &writer)
          }
          writer.array("scopeSpans") { writer in
            writer.object { writer in
              writer.object("scope") { writer in
                writer.member("name", resource.name)
                writer.member("version", resource.version)
              }
              writer.array("spans") { writer in
                for one in spans { span(one, to: &writer) }
              }
            }
          }
        }
      }
    }
  }

  private static func span(_ span: SpanRecord, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("traceId", span.trace.traceID)
      writer.member("spanId", span.trace.spanID)
      state(of: span.trace, to: &writer)
      if let parent = span.parent { writer.member("parentSpanId", parent.spanID) }
      writer.member("flags", flags(span.trace, isRemote: span.parent?.isRemote ?? false))
      writer.member("name", span.name)
      writer.member("kind", number(of: span.kind))
      time("startTimeUnixNano", span.started, to: &writer)
      time("endTimeUnixNano", span.ended, to: &writer)
      attributes(span.attributes, to: &writer)
      if !span.events.isEmpty {
        writer.array("events") { writer in
          for one in span.events { event(one, to: &writer) }
        }
      }
      if !span.links.isEmpty {
        writer.array("links") { writer in
          for one in span.links { link(one, to: &writer) }
        }
      }
      if let status = span.status {
        writer.object("status") { writer in
          writer.member("code", status.code == .ok ? 1 : 2)
          writer.member(ifPresent: "message", status.message)
        }
      }
    }
  }

  private static func event(_ event: SpanEvent, to writer: inout JSONWriter) {
    writer.object { writer in
      time("timeUnixNano", event.nanosecondsSinceEpoch, to: &writer)
      writer.member("name", event.name)
      attributes(event.attributes, to: &writer)
    }
  }

  /// A link to nothing that is known is none.
  private static func link(_ link: SpanLink, to writer: inout JSONWriter) {
    guard let trace = link.context.trace else { return }
    writer.object { writer in
      writer.member("traceId", trace.traceID)
      writer.member("spanId", trace.spanID)
      state(of: trace, to: &writer)
      attributes(link.attributes, to: &writer)
      writer.member("flags", flags(trace, isRemote: trace.isRemote))
    }
  }

  private static func state(of trace: TraceContext, to writer: inout JSONWriter) {
    if !trace.state.text.isEmpty { writer.member("traceState", trace.state.text) }
  }

  /// The flags of W3C in the lowest byte; above it, that it is known whether the parent is remote, and whether it is.
  private static func flags(_ trace: TraceContext, isRemote: Bool) -> Int {
    (trace.isSampled ? 1 : 0) | 0x100 | (isRemote ? 0x200 : 0)
  }

  /// A whole number of 64 bits, which JSON's mapping has as text.
  private static func time(_ name: String, _ nanoseconds: UInt64, to writer: inout JSONWriter) {
    writer.member(name, String(nanoseconds))
  }

  private static func number(of kind: SpanKind) -> Int {
    switch kind {
    case .internal: 1
    case .server: 2
    case .client: 3
    case .producer: 4
    case .consumer: 5
    }
  }

  // MARK: Attributes

  /// Attributes in the order of their names.
  private static func attributes(_ attributes: SpanAttributes, to writer: inout JSONWriter) {
    var all: [(key: String, value: SpanAttribute)] = []
    attributes.forEach { all.append(($0, $1)) }
    guard !all.isEmpty else { return }
    writer.array("attributes") { writer in
      for (key, attribute) in all.sorted(by: { $0.key < $1.key }) {
        writer.object { writer in
          writer.member("key", key)
          writer.name("value")
          value(attribute, to: &writer)
        }
      }
    }
  }

  private static func value(_ value: SpanAttribute, to writer: inout JSONWriter) {
    writer.object { writer in
      switch value {
      case .string(let text): writer.member("stringValue", text)
      case .bool(let flag): writer.member("boolValue", flag)
      case .int32(let number): writer.member("intValue", String(number))
      case .int64(let number): writer.member("intValue", String(number))
      case .double(let number): double(number, to: &writer)
      case .stringArray(let texts): array(texts.map { .string($0) }, to: &writer)
      case .boolArray(let flags): array(flags.map { .bool($0) }, to: &writer)
      case .int32Array(let numbers): array(numbers.map { .int32($0) }, to: &writer)
      case .int64Array(let numbers): array(numbers.map { .int64($0) }, to: &writer)
      case .doubleArray(let numbers): array(numbers.map { .double($0) }, to: &writer)
      case .stringConvertible(let other): writer.member("stringValue", other.description)
      case .stringConvertibleArray(let others):
        array(others.map { .string($0.description) }, to: &writer)
      // The API keeps the right to add more; what is not known has no value.
      default: break
      }
    }
  }

  private static func array(_ values: [SpanAttribute], to writer: inout JSONWriter) {
    writer.object("arrayValue") { writer in
      writer.array("values") { writer in
        for one in values { value(one, to: &writer) }
      }
    }
  }

  /// JSON has no numbers for what is not finite; the mapping has words.
  private static func double(_ number: Double, to writer: inout JSONWriter) {
    if number.isFinite { return writer.member("doubleValue", number) }
    let word = number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
    writer.member("doubleValue", word)
  }
}
