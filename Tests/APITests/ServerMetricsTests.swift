import Foundation
import HTTP
import JSON
import StreamKit
import TestKit
import Testing

@testable import API
@testable import Runs
@testable import Traces

/// What the server counts, each moved by what it counts.
@Suite(.timeLimit(.minutes(20))) struct ServerMetricsTests {
  /// A scrape: the value of every line, by its name with its labels.
  private struct Scrape {
    var values: [String: Double] = [:]
    var kinds: [String: String] = [:]

    init(_ text: String) throws {
      var helped: Set<Substring> = []
      for line in text.split(separator: "\n") {
        let words = line.split(separator: " ")
        if line.hasPrefix("# HELP ") {
          #expect(helped.insert(words[2]).inserted, "\(words[2]) is told twice")
        } else if line.hasPrefix("# TYPE ") {
          #expect(helped.contains(words[2]))
          kinds[String(words[2])] = String(words[3])
        } else {
          let place = try #require(line.lastIndex(of: " "))
          let name = String(line[..<place])
          let value = try #require(Double(line[line.index(after: place)...]), "\(line)")
          #expect(values.updateValue(value, forKey: name) == nil, "\(name) stands twice")
        }
      }
    }

    /// The sum of all lines that begin so.
    func sum(_ prefix: String) -> Double {
      values.filter { $0.key == prefix || $0.key.hasPrefix(prefix + "{") }.reduce(0) {
        $0 + $1.value
      }
    }
  }

  private func scrape(_ kit: ServerKit) async throws -> Scrape {
    let answer = try await kit.send("GET", "/metrics")
    #expect(answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
    return try Scrape(answer.text)
  }

  @Test func `every metric is moved by what it counts`() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let collector = try await CollectorKit()
    let kit = try await ServerKit {
      $0.servesMetricAliases = true
      $0.collector = CollectorAddress(collector.url)
      $0.tracePace.delay = .milliseconds(1)
      $0.recordingsDirectory = folder.path
    }
    let before = try await scrape(kit)
    let hook = #"{"layer_name":"transformer.h.5","component":"residual"}"#
    let run = try await kit.start(
      #"{\#(ServerKit.france),"max_tokens":5,"temperature":0,"ignore_eos":true,"record":true,"activation_hooks":[\#(hook)]}"#
    )
    _ = try await kit.events(run)
    let paused = try await kit.start(
      #"{"prompt":"x","max_tokens":4,"detach":true,"start":"paused"}"#)
    let viewer = try kit.client()
    await viewer.send(ServerKit.request("GET", "/v1/runs/\(paused)/events", nil, fields: []))
    _ = await viewer.receive(through: "\r\n\r\n")
    let socket = await WebSocketTestClient(
      try kit.client(), "/v1/runs/\(paused)/socket",
      fields: ["Sec-WebSocket-Protocol: neuroscope.v1"])
    #expect(socket.response.status.contains("101"))
    _ = try await kit.send("GET", "/nowhere")
    #expect(
      await eventually {
        guard let now = try? await scrape(kit) else { return false }
        return now.sum("neuroscope_viewers") == 2 && now.sum("neuroscope_recording_bytes") > 1000
          && now.sum("neuroscope_trace_spans_total") >= 4
      })
    let after = try await scrape(kit)
    for (name, least) in [
      ("neuroscope_generated_tokens_total", 5), ("neuroscope_prompt_tokens_total", 5),
      ("neuroscope_prompt_seconds_total", 1e-9), ("neuroscope_generated_seconds_total", 1e-9),
      ("neuroscope_trace_spans_total{result=\"sent\"}", 4),
      ("neuroscope_prefix_tokens_total", 5), ("neuroscope_runs_ended_total", 1),
      ("neuroscope_queue_seconds_count", 1), ("neuroscope_time_to_first_token_seconds_count", 1),
      ("neuroscope_time_to_first_token_seconds_sum", 1e-9),
      ("neuroscope_inter_token_seconds_count", 4),
      ("neuroscope_frames_total{component=\"residual\"}", 5),
      ("neuroscope_frame_bytes_total{form=\"wire\"}", 1000),
      ("neuroscope_frame_bytes_total{form=\"raw\"}", 5 * 128 * 4),
      ("neuroscope_recording_bytes", 1000),
      ("neuroscope_pass_seconds_count{kind=\"prompt\"}", 1),
      ("neuroscope_pass_seconds_count{kind=\"decode\"}", 4),
      ("neuroscope_pass_seconds_sum{kind=\"decode\"}", 1e-9),
      ("neuroscope_decode_rows_total", 4), ("llamacpp:n_decode_total", 4),
      ("llamacpp:n_busy_slots_per_decode", 1),
      ("neuroscope_encode_seconds_count", 5), ("neuroscope_ring_bytes", 100),
      ("neuroscope_viewers{transport=\"events\"}", 1),
      ("neuroscope_viewers{transport=\"socket\"}", 1),
      ("neuroscope_runs{state=\"paused\"}", 1), ("neuroscope_connections{state=\"open\"}", 2),
      ("neuroscope_http_requests_total{route=\"/v1/runs\",method=\"POST\",code=\"201\"}", 2),
      ("neuroscope_http_requests_total{route=\"none\",method=\"GET\",code=\"404\"}", 1),
      (
        "neuroscope_http_requests_total{route=\"/v1/runs/{id}/socket\",method=\"GET\",code=\"101\"}",
        1
      ),
      ("neuroscope_http_request_seconds_count{route=\"/v1/runs\"}", 2),
      ("llamacpp:prompt_tokens_total", 5), ("llamacpp:tokens_predicted_total", 5),
      ("llamacpp:prompt_seconds_total", 1e-9), ("llamacpp:tokens_predicted_seconds_total", 1e-9),
      ("llamacpp:prompt_tokens_seconds", 1e-9), ("llamacpp:predicted_tokens_seconds", 1e-9),
    ] {
      let moved =
        (after.values[name] ?? after.sum(name)) - (before.values[name] ?? before.sum(name))
      #expect(moved >= least, "\(name) moved by \(moved)")
    }
    #expect(after.sum("neuroscope_generated_tokens_total") == 5)
    #expect((after.values["neuroscope_model_resident_bytes{model=\"circuits\"}"] ?? 0) > 1_000_000)
    let labels = #"version="\#(Version.text)",commit="\#(Version.commit ?? "")""#
    #expect(after.values["neuroscope_build_info{\(labels)}"] == 1)
    for name in [
      "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
      "process_start_time_seconds", "process_virtual_memory_bytes",
    ] { #expect((after.values[name] ?? 0) > 0, "\(name)") }
    for (name, kind) in after.kinds where kind == "counter" {
      #expect(name.hasSuffix("_total"), "\(name)")
    }
    _ = try await kit.send("POST", "/v1/runs/\(paused)/step", #"{"count":1}"#)
    #expect(
      await eventually {
        (try? await scrape(kit))?.sum("neuroscope_cache_positions{model=\"circuits\"}") ?? 0 > 0
      })
    _ = try await kit.send("DELETE", "/v1/runs/\(paused)")
    #expect(await eventually { (try? await scrape(kit))?.sum("neuroscope_viewers") == 0 })
    let ended = try await scrape(kit)
    #expect(ended.values["neuroscope_runs_ended_total{reason=\"cancelled\"}"] == 1)
  }

  @Test func `what strangers send makes no new lines`() async throws {
    let kit = try await ServerKit(loadsModel: false)
    for number in 0..<20 {
      _ = try await kit.send("X\(number)", "/health")
      _ = try await kit.send("GET", "/odd/\(number)")
    }
    let odd = try await scrape(kit).values.keys.filter { $0.contains("http_requests") }
    #expect(odd.count <= 4, "\(odd)")
    #expect(try await scrape(kit).values.keys.allSatisfy { !$0.hasPrefix("llamacpp") })
  }

  @Test func `a viewer that is too slow to see everything is counted`() async throws {
    let kit = try await ServerKit { $0.ringBytes = 64 << 10 }
    let hooks = (0..<24).map { #"{"layer_name":"transformer.h.\#($0)","component":"residual"}"# }
    let run = try await kit.start(
      #"{"prompt":"Once","max_tokens":60,"ignore_eos":true,"detach":true,"activation_hooks":[\#(hooks.joined(separator: ","))]}"#
    )
    #expect(
      await eventually {
        (try? await kit.json("GET", "/v1/runs/\(run)"))?["status"]?.string == "finished"
      })
    // Whoever comes late has missed what the ring no longer holds.
    _ = try await kit.events(run)
    let dropped = try await scrape(kit).values[
      "neuroscope_viewer_dropped_total{transport=\"events\"}"]
    #expect((dropped ?? 0) > 100)
  }

  @Test func `readiness follows what the server does, and liveness only that it answers`()
    async throws
  {
    let kit = try await ServerKit(loadsModel: false)
    func states() async throws -> [Int] {
      [try await kit.send("GET", "/livez").code, try await kit.send("GET", "/readyz").code]
    }
    #expect(try await states() == [200, 200])
    kit.server.service.facts.beginLoad()
    #expect(try await states() == [200, 503])
    #expect(try await kit.json("GET", "/readyz")["status"]?.string == "loading")
    kit.server.service.facts.endLoad()
    #expect(try await states() == [200, 200])
    kit.server.service.facts.drain()
    #expect(try await states() == [200, 503])
    #expect(try await kit.json("GET", "/readyz")["status"]?.string == "draining")
    #expect(try await kit.send("GET", "/health").code == 200)
  }
}
