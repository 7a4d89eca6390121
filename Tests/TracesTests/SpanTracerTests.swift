import Foundation
import JSON
import StreamKit
import TestKit
import Testing
import Tracing

@testable import Traces

/// Spans from their beginning to what a collector reads of them.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct SpanTracerTests {
  /// Fields as they come and go.
  private struct Carrier: Extractor, Injector {
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
      carrier[key] = value
    }
  }

  @Test func `every member of a span arrives as OTLP has it`() async throws {
    let collector = try await CollectorKit()
    let kit = try TracerKit(collector.url)
    var context = ServiceContext.topLevel
    kit.tracer.extract(
      ["traceparent": TraceContextTests.example, "tracestate": "a=1, b=2"], into: &context,
      using: Carrier())
    func at(_ nanoseconds: UInt64) -> DefaultTracerClock.Timestamp {
      .init(nanosecondsSinceEpoch: nanoseconds)
    }
    let span = kit.tracer.startSpan(
      "GET \"/\u{2028}é\"", context: context, ofKind: .server, at: at(.max - 5))
    span.attributes = [
      "text": "a\n\"b\"", "yes": true, "int": .int64(.min), "small": .int32(-7), "double": 0.1,
      "nan": .double(.nan), "far": .double(-.infinity), "texts": .stringArray(["a", "b"]),
      "ints": .int64Array([1, .max]), "smalls": .int32Array([2]), "doubles": .doubleArray([1.5]),
      "flags": .boolArray([true, false]), "none": .stringArray([]),
      "other": .stringConvertible(Duration.seconds(1)),
    ]
    span.addEvent(SpanEvent(name: "first", at: at(7), attributes: ["n": 1]))
    span.recordError(CancellationError(), attributes: [:], at: at(8))
    let linked = try #require(
      TraceContext(traceparent: "00-000000000000000000000000000000ab-00000000000000cd-00"))
    var other = ServiceContext.topLevel
    other.trace = linked
    span.addLink(SpanLink(context: other, attributes: ["why": "because"]))
    // A link to nothing is left out.
    span.addLink(SpanLink(context: .topLevel, attributes: [:]))
    span.fail("oops")
    span.end(at: at(.max))
    span.attributes["late"] = true
    span.end(at: at(3))
    await kit.tracer.close(within: .seconds(600))

    let body = try #require(try collector.bodies.first)
    let (spans, resource) = try SentSpan.read(body)
    #expect(
      resource == [
        "service.name": .string("test"), "service.version": .string("1.2"),
        "service.instance.id": .string("i"),
      ])
    let sent = try #require(spans.first)
    #expect(spans.count == 1)
    #expect(sent.trace == "4bf92f3577b34da6a3ce929d0e0e4736")
    #expect(sent.span == span.trace.spanID && sent.span != "00f067aa0ba902b7")
    #expect(sent.parent == "00f067aa0ba902b7")
    #expect(sent.state == "a=1,b=2")
    #expect(sent.flags == 0x301)
    #expect(sent.name == "GET \"/\u{2028}é\"")
    #expect(sent.kind == 2)
    #expect(sent.start == .max - 5 && sent.end == .max)
    #expect(sent.code == 2 && sent.message == nil)
    guard case .double(let nan) = sent.attributes["nan"] else {
      Issue.record("\(sent.attributes)")
      return
    }
    #expect(nan.isNaN)
    var rest = sent.attributes
    rest["nan"] = nil
    #expect(
      rest == [
        "text": .string("a\n\"b\""), "yes": .bool(true), "int": .int(.min), "small": .int(-7),
        "double": .double(0.1), "far": .double(-.infinity),
        "texts": .array([.string("a"), .string("b")]), "ints": .array([.int(1), .int(.max)]),
        "smalls": .array([.int(2)]), "doubles": .array([.double(1.5)]),
        "flags": .array([.bool(true), .bool(false)]), "none": .array([]),
        "other": .string("1.0 seconds"), "error.type": .string("oops"),
      ])
    #expect(
      sent.events == [
        .init(time: 7, name: "first", attributes: ["n": .int(1)]),
        .init(
          time: 8, name: "exception",
          attributes: ["exception.type": .string("Swift.CancellationError")]),
      ])
    #expect(
      sent.links == [
        .init(
          trace: linked.traceID, span: linked.spanID, state: "", flags: 0x300,
          attributes: ["why": .string("because")])
      ])
  }

  @Test func `kinds are numbers, and a span that is well has no status`() async throws {
    let collector = try await CollectorKit()
    let kit = try TracerKit(collector.url)
    for kind in [SpanKind.internal, .server, .client, .producer, .consumer] {
      kit.tracer.span("\(kind)", kind).finish()
    }
    let good = kit.tracer.span("good")
    good.setStatus(SpanStatus(code: .ok, message: "well"))
    good.finish()
    await kit.tracer.close(within: .seconds(600))
    let spans = try collector.spans
    #expect(spans.map(\.kind) == [1, 2, 3, 4, 5, 1])
    #expect(spans.map(\.code) == [nil, nil, nil, nil, nil, 1])
    #expect(spans.last?.message == "well")
    #expect(spans.allSatisfy { $0.parent == nil && $0.flags == 0x101 && $0.state.isEmpty })
    #expect(Set(spans.map(\.trace)).count == 6)
  }

  @Test func `spans stand below the task's, in its trace, and within its time`() async throws {
    let collector = try await CollectorKit()
    let kit = try TracerKit(collector.url)
    let tracer = kit.tracer
    await tracer.withSpan("outer") { outer in
      await Task { tracer.span("task").finish() }.value
      await Task.detached { tracer.span("alone").finish() }.value
      let inner = tracer.span("inner", below: outer.context)
      tracer.span("innermost", below: inner.context).finish()
      inner.finish()
      #expect(ServiceContext.current?.trace == outer.trace)
      #expect(throws: CancellationError.self) {
        try tracer.withSpan("fails") { _ in throw CancellationError() }
      }
    }
    await tracer.close(within: .seconds(600))
    let spans = Dictionary(grouping: try collector.spans, by: \.name).compactMapValues(\.first)
    let outer = try #require(spans["outer"])
    for name in ["task", "inner", "fails"] { #expect(spans[name]?.parent == outer.span) }
    #expect(spans["innermost"]?.parent == spans["inner"]?.span)
    #expect(spans["alone"]?.parent == nil && spans["alone"]?.trace != outer.trace)
    let inner = try #require(spans["inner"])
    let innermost = try #require(spans["innermost"])
    #expect(inner.start <= innermost.start && innermost.end <= inner.end)
    #expect(innermost.start <= innermost.end)
    #expect(spans["fails"]?.code == 2 && outer.code == nil)
    #expect(spans.values.filter { $0.trace == outer.trace }.count == 5)
  }

  @Test func `an unsampled trace is handed on, and nothing of it is sent`() async throws {
    let collector = try await CollectorKit()
    let kit = try TracerKit(collector.url)
    var context = ServiceContext.topLevel
    kit.tracer.extract(
      ["traceparent": String(TraceContextTests.example.dropLast()) + "0", "tracestate": "a=1"],
      into: &context, using: Carrier())
    let span = kit.tracer.span("unseen", below: context)
    #expect(!span.isRecording)
    span.attributes = ["a": 1]
    #expect(span.attributes.isEmpty)
    let child = kit.tracer.span("child", below: span.context)
    child.fail("x")
    child.finish()
    span.finish()
    var carrier: [String: String] = [:]
    kit.tracer.inject(child.context, into: &carrier, using: Carrier())
    #expect(
      carrier == [
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-\(child.trace.spanID)-00",
        "tracestate": "a=1",
      ])
    kit.tracer.span("seen").finish()
    await kit.tracer.close(within: .seconds(600))
    #expect(try collector.spans.map(\.name) == ["seen"])
  }

  @Test func `a trace's clock never goes backwards, and moments before 1970 are none`() {
    let clock = TraceClock()
    var last = clock.now
    for _ in 0..<1000 {
      let now = clock.now
      #expect(now >= last)
      last = now
    }
    #expect(
      last.earlier(bySeconds: 1).nanosecondsSinceEpoch + 1_000_000_000 == last.nanosecondsSinceEpoch
    )
    #expect(last.earlier(bySeconds: -1) == last)
    #expect(last.earlier(bySeconds: 1e10).nanosecondsSinceEpoch == 0)
    for odd in [Double.nan, .infinity, 1e300] {
      #expect(last.earlier(bySeconds: odd) <= last)
    }
  }

  @Test(arguments: [
    "http://127.0.0.1:4318", "https://collector.example/tenant", "http://[::1]:4318",
    "HTTP://host", "http://host:4318///",
  ]) func `a collector is named by its base address`(text: String) throws {
    let address = try #require(CollectorAddress(text))
    #expect(!address.description.hasSuffix("/"))
    #expect(address.traces.absoluteString == address.description + "/v1/traces")
  }

  @Test(arguments: [
    "", "127.0.0.1:4318", "http://", "http:///x", "ftp://host", "http://a:b@host", "http://a@host",
    "http://host?x=1", "http://host#x", "http://host:0", "http://host:99999", "http://ho st",
    "http://host\n", "grpc://host:4317", "http://höst",
  ]) func `what is no such address is refused`(text: String) {
    #expect(CollectorAddress(text) == nil)
  }
}
