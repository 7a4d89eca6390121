import JSON
import StreamKit
import TestKit
import Testing

@testable import API
@testable import Traces

/// What a collector sees of requests and of the work behind them.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerTraceTests {
  private static let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  /// A field that begins a trace of its own, and the trace's number.
  private func caller(_ number: Int, sampled: Bool = true) -> (field: String, trace: String) {
    let digits = String(number, radix: 16)
    let trace = String(repeating: "0", count: 32 - digits.count) + digits
    return ("traceparent: 00-\(trace)-00f067aa0ba902b7-0\(sampled ? 1 : 0)", trace)
  }

  private func kit(_ collector: CollectorKit, loadsModel: Bool = true) async throws -> ServerKit {
    try await ServerKit(loadsModel: loadsModel) { options in
      options.collector = CollectorAddress(collector.url)
      options.tracePace.delay = .milliseconds(1)
      options.tracePace.pause = .milliseconds(1)
      options.tracePace.answer = .seconds(600)
    }
  }

  @Test func `a run is seen from its request to its last token`() async throws {
    let collector = try await CollectorKit()
    let kit = try await kit(collector)
    let (field, trace) = caller(1)
    let answer = try await kit.send(
      "POST", "/v1/chat/completions?secret=1",
      #"{\#(ServerKit.france),"max_tokens":5,"temperature":0}"#,
      fields: [field, "tracestate: a=1, b=2", "X-Secret: hush"])
    let spans = try await collector.spans(
      of: trace, named: "POST /v1/chat/completions", "chat circuits", "queue", "prompt", "decode")
    #expect(spans.count == 5)
    let named = Dictionary(grouping: spans, by: \.name).compactMapValues(\.first)
    let request = try #require(named["POST /v1/chat/completions"])
    let run = try #require(named["chat circuits"])
    let (queue, prompt, decode) = (named["queue"], named["prompt"], named["decode"])

    #expect(request.parent == "00f067aa0ba902b7" && request.kind == 2 && request.flags == 0x301)
    #expect(answer["traceparent"] == "00-\(trace)-\(request.span)-01")
    #expect(answer["tracestate"] == nil)
    #expect(request.attributes["http.request.method"] == .string("POST"))
    #expect(request.attributes["http.route"] == .string("/v1/chat/completions"))
    #expect(request.attributes["url.path"] == .string("/v1/chat/completions"))
    #expect(request.attributes["http.response.status_code"] == .int(200))
    #expect(request.attributes["server.port"] == .int(Int64(kit.port)))
    #expect(request.attributes["client.address"] == .string("127.0.0.1"))
    #expect(request.attributes["network.protocol.version"] == .string("1.1"))
    #expect(request.code == nil)

    #expect(run.parent == request.span && run.kind == 1 && run.flags == 0x101 && run.code == nil)
    let usage = try answer.json["usage"]
    for (name, member) in [("input", "prompt_tokens"), ("output", "completion_tokens")] {
      let count = try #require(usage?[member]?.integer)
      #expect(run.attributes["gen_ai.usage.\(name)_tokens"] == .int(count))
    }
    let reason = try #require(try answer.json["choices"]?.array?.first?["finish_reason"]?.string)
    #expect(run.attributes["gen_ai.response.finish_reasons"] == .array([.string(reason)]))
    #expect(run.attributes["gen_ai.operation.name"] == .string("chat"))
    #expect(run.attributes["gen_ai.request.model"] == .string("circuits"))
    #expect(run.attributes["gen_ai.request.max_tokens"] == .int(5))
    #expect(run.attributes["gen_ai.request.temperature"] == .double(0))
    #expect(
      run.attributes["neuroscope.run.id"] == answer["X-NeuroScope-Run"].map { .string($0) })
    #expect(run.events.map(\.name) == ["first_token"])
    #expect(run.events.first?.time == decode?.start)

    // One after the other within the run, and the run within its request.
    let moments = [
      request.start, run.start, queue?.start, queue?.end, prompt?.start, prompt?.end,
      decode?.start, decode?.end, run.end, request.end,
    ].compactMap(\.self)
    #expect(moments.count == 10)
    #expect(moments == moments.sorted(), "\(moments)")
    #expect([queue, prompt, decode].allSatisfy { $0?.parent == run.span && $0?.kind == 1 })
    #expect(spans.allSatisfy { $0.state == "a=1,b=2" })

    // Nothing that was asked or answered, nor any secret of the request.
    let text = try collector.bodies.map { $0.json() }.joined()
    for word in ["France", "Paris", "hush", "secret"] { #expect(!text.contains(word), "\(word)") }
  }

  @Test func `an unsampled request leaves no span, and is answered in its trace`() async throws {
    let collector = try await CollectorKit()
    let kit = try await kit(collector)
    let (unsampled, unseen) = caller(2, sampled: false)
    let answer = try await kit.send(
      "POST", "/v1/completions", #"{"prompt":"x","max_tokens":2}"#, fields: [unsampled])
    #expect(answer["traceparent"]?.hasPrefix("00-\(unseen)-") == true)
    #expect(answer["traceparent"]?.hasSuffix("-00") == true)
    let (sampled, seen) = caller(3)
    _ = try await kit.send("GET", "/livez", fields: [sampled])
    _ = try await collector.spans(of: seen, named: "GET /livez")
    await kit.server.shutDown()
    #expect(try collector.spans.allSatisfy { $0.trace == seen })
  }

  @Test func `a trace that is not as the standard has it is not gone on with`() async throws {
    let collector = try await CollectorKit()
    let kit = try await kit(collector, loadsModel: false)
    let good = Self.parent
    let bad: [[String]] = [
      [], ["traceparent: \(good.uppercased())"], ["traceparent: \(good)", "traceparent: \(good)"],
      ["traceparent: \(good), \(good)"],
      ["traceparent: 00-\(String(repeating: "0", count: 32))-00f067aa0ba902b7-01"],
      ["tracestate: a=1"], ["traceparent: ff\(good.dropFirst(2))"],
    ]
    for fields in bad {
      let answer = try await kit.send("GET", "/livez", fields: fields)
      let given = try #require(answer["traceparent"].flatMap { TraceContext(traceparent: $0) })
      #expect(given.isSampled && given.traceID != "4bf92f3577b34da6a3ce929d0e0e4736")
      let span = try #require(
        try await collector.spans(of: given.traceID, named: "GET /livez").first)
      #expect(span.parent == nil && span.state.isEmpty && span.flags == 0x101)
    }
    let future = try await kit.send(
      "GET", "/livez", fields: ["TraceParent:  cc\(good.dropFirst(2))-x "])
    #expect(future["traceparent"]?.hasPrefix("00-4bf92f3577b34da6a3ce929d0e0e4736-") == true)
  }

  @Test func `refusals have statuses, and only what is the server's fault is an error`()
    async throws
  {
    let collector = try await CollectorKit()
    let kit = try await kit(collector, loadsModel: false)
    func sent(_ number: Int, _ method: String, _ path: String, _ name: String) async throws
      -> SentSpan
    {
      let (field, trace) = caller(number)
      _ = try await kit.send(method, path, method == "POST" ? "{" : nil, fields: [field])
      return try #require(try await collector.spans(of: trace, named: name).first)
    }
    let missing = try await sent(10, "GET", "/nowhere/secret-name", "GET")
    #expect(missing.attributes["http.response.status_code"] == .int(404))
    #expect(missing.attributes["http.route"] == nil && missing.code == nil)
    let odd = try await sent(11, "BREW", "/health", "HTTP")
    #expect(odd.attributes["http.request.method"] == .string("_OTHER"))
    #expect(odd.attributes["http.response.status_code"] == .int(405) && odd.code == nil)
    let bad = try await sent(12, "POST", "/v1/runs", "POST /v1/runs")
    #expect(bad.attributes["http.response.status_code"] == .int(400) && bad.code == nil)
    kit.server.service.facts.beginLoad()
    let busy = try await sent(13, "GET", "/readyz", "GET /readyz")
    #expect(busy.attributes["http.response.status_code"] == .int(503) && busy.code == 2)
    #expect(busy.attributes["error.type"] == .string("503"))
  }

  @Test func `a detached run belongs to the request that began it, and outlives it`()
    async throws
  {
    let collector = try await CollectorKit()
    let kit = try await kit(collector)
    let (field, trace) = caller(20)
    let run = try await kit.json(
      "POST", "/v1/runs",
      #"{"prompt":"x","max_tokens":4,"ignore_eos":true,"detach":true,"start":"paused"}"#,
      fields: [field])
    let id = try #require(run["run_id"]?.string)
    let begun = try await collector.spans(of: trace, named: "POST /v1/runs")
    #expect(begun.count == 1)
    let (other, otherTrace) = caller(21)
    _ = try await kit.send("POST", "/v1/runs/\(id)/resume", "{}", fields: [other])
    let spans = try await collector.spans(of: trace, named: "text_completion circuits", "decode")
    let made = try #require(spans.first { $0.name == "text_completion circuits" })
    #expect(made.parent == begun.first?.span)
    #expect(made.end > begun[0].end)
    #expect(made.attributes["neuroscope.run.detached"] == .bool(true))
    let resumed = try await collector.spans(of: otherTrace, named: "POST /v1/runs/{id}/resume")
    #expect(resumed.count == 1)
  }

  @Test func `a fork belongs to the request that forked it, and reads no prompt`() async throws {
    let collector = try await CollectorKit()
    let kit = try await kit(collector)
    let run = try await kit.json(
      "POST", "/v1/runs",
      #"{"prompt":"x","max_tokens":4,"ignore_eos":true,"detach":true,"start":"paused"}"#)
    let id = try #require(run["run_id"]?.string)
    _ = try await kit.json("POST", "/v1/runs/\(id)/step", "{}")
    #expect(
      await eventually {
        (try? await kit.json("GET", "/v1/runs/\(id)"))?["completion_tokens"]?.integer == 1
      })
    let (field, trace) = caller(22)
    let fork = try await kit.json(
      "POST", "/v1/runs/\(id)/fork", #"{"max_tokens":3,"detach":true}"#, fields: [field])
    #expect(fork["parent_run_id"] == .string(id), "\(fork)")
    let spans = try await collector.spans(
      of: trace, named: "POST /v1/runs/{id}/fork", "text_completion circuits", "decode")
    let made = try #require(spans.first { $0.name == "text_completion circuits" })
    #expect(made.parent == spans.first { $0.kind == 2 }?.span)
    #expect(made.attributes["neuroscope.run.parent"] == .string(id))
    #expect(!spans.contains { $0.name == "prompt" })
  }

  @Test func `runs of a socket belong to the request that opened it`() async throws {
    let collector = try await CollectorKit()
    let kit = try await kit(collector)
    let (field, trace) = caller(30)
    let socket = await WebSocketTestClient(
      try kit.client(), "/v1/socket", fields: ["Sec-WebSocket-Protocol: neuroscope.v1", field])
    await socket.send(text: #"{"command":"start","prompt":"x","max_tokens":2,"detach":true}"#)
    let spans = try await collector.spans(
      of: trace, named: "GET /v1/socket", "text_completion circuits")
    let opened = try #require(spans.first { $0.name == "GET /v1/socket" })
    #expect(opened.attributes["http.response.status_code"] == .int(101))
    #expect(
      socket.response["traceparent"] == "00-\(trace)-\(opened.span)-01")
    #expect(spans.first { $0.name.hasPrefix("text") }?.parent == opened.span)
  }

  @Test func `analyses, jobs and harvests are one span each`() async throws {
    let collector = try await CollectorKit()
    let kit = try await kit(collector)
    let body =
      #""analysis":"ablation","component":"z","layers":[3],"clean":"When Mary and John went to the store, John gave a drink to","answer":" Mary","wrong":" John""#
    for (number, more) in [(40, ""), (41, #","detach":true"#), (42, #","stream":true"#)] {
      let (field, trace) = caller(number)
      let answer = try await kit.send("POST", "/v1/analyses", "{\(body)\(more)}", fields: [field])
      #expect((200..<300).contains(answer.code), "\(answer.text)")
      let spans = try await collector.spans(
        of: trace, named: "POST /v1/analyses", "analysis ablation")
      let request = try #require(spans.first { $0.kind == 2 })
      let analysis = try #require(spans.first { $0.kind == 1 })
      #expect(spans.count == 2 && analysis.parent == request.span && analysis.code == nil)
      #expect(analysis.attributes["gen_ai.request.model"] == .string("circuits"))
      #expect((analysis.attributes["neuroscope.run.id"] != nil) == (number > 40))
    }
    let (field, trace) = caller(43)
    let harvest = try await kit.send(
      "POST", "/v1/harvest",
      #"{"texts":["one","two"],"activation_hooks":[{"layer_name":"transformer.h.1","component":"residual"}]}"#,
      fields: [field])
    #expect(harvest.code == 200, "\(harvest.text)")
    let spans = try await collector.spans(
      of: trace, named: "POST /v1/harvest", "harvest circuits")
    let made = try #require(spans.first { $0.kind == 1 })
    #expect(made.parent == spans.first { $0.kind == 2 }?.span)
    #expect(made.attributes["neuroscope.harvest.prompts"] == .int(2))
  }

  @Test func `answers are the same whatever becomes of the traces, and nobody waits for them`()
    async throws
  {
    let hook = #"{"layer_name":"transformer.h.5","component":"residual"}"#
    let body =
      #"{\#(ServerKit.france),"max_tokens":6,"temperature":0.7,"seed":3,"logprobs":true,"activation_hooks":[\#(hook)]}"#
    func answer(_ kit: ServerKit) async throws -> [JSONValue?] {
      let json = try await kit.json("POST", "/v1/chat/completions/with_activations", body)
      #expect(json["choices"] != nil, "\(json)")
      return [json["choices"], json["usage"], json["activations"]]
    }
    let plain = try await ServerKit.shared()
    let expected = try await answer(plain)
    #expect(
      try await plain.send("GET", "/livez", fields: ["traceparent: \(Self.parent)"])["traceparent"]
        == nil)
    for behaviour in [
      CollectorKit.Answer.taken, .status(400), .status(503), .silence,
    ] {
      let collector = try await CollectorKit(then: behaviour)
      let kit = try await ServerKit { options in
        options.collector = CollectorAddress(collector.url)
        options.tracePace.delay = .milliseconds(1)
        options.tracePace.answer = .seconds(3600)
        options.tracePace.line = 4
        options.tracePace.batch = 2
      }
      // A collector that never answers would hold the first answer for an hour.
      for _ in 0..<3 { #expect(try await answer(kit) == expected, "\(behaviour)") }
    }
  }

  @Test func `the end of the server sends the last spans`() async throws {
    let collector = try await CollectorKit()
    let kit = try await ServerKit(loadsModel: false) { options in
      options.collector = CollectorAddress(collector.url)
      options.tracePace.delay = .seconds(3600)
      options.drainSeconds = 600
    }
    let (field, trace) = caller(50)
    _ = try await kit.send("GET", "/livez", fields: [field])
    await kit.server.shutDown()
    #expect(try collector.spans.map(\.trace).contains(trace))
  }
}
