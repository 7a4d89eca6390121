internal import Engine
internal import Foundation
internal import HTTP
package import Metrics
internal import Recordings
internal import Runs
internal import Streams

/// What of a server can be counted: what others note as it happens, and what is read when somebody asks.
package struct ServiceMetrics: Sendable {
  /// Everything that is noted as it happens.
  package let registry = MetricRegistry()
  let runs: RunMeter
  let passes: PassMeter
  let viewers: ViewerMeter

  package init() {
    runs = RunMeter(registry)
    passes = PassMeter(registry)
    viewers = ViewerMeter(registry)
  }
}

/// What the transport knows of itself.
package struct TransportState: Sendable {
  /// Open connections.
  package var connections = 0
  /// Bytes that wait for peers.
  package var waitingBytes = 0
}

extension Service {
  /// The values of all metrics now.
  func metricFamilies() async -> [MetricFamily] {
    var states: [RunStatus: Int] = [:]
    for case let run as Run in runs.active {
      let status = await run.facts.status
      states[status, default: 0] += 1
    }
    let counted = states
    let transport = transportState()
    let cached = await engine.cachedPositions
    let read: [MetricFamily] = [
      MetricFamily(
        .gauge, "neuroscope_runs", "Unfinished runs, by their state.",
        [RunStatus.queued, .running, .paused].map {
          ([.init("state", $0.rawValue)], Double(counted[$0] ?? 0))
        }),
      MetricFamily(
        .gauge, "neuroscope_queue_depth", "Runs that wait for their first pass.",
        Double(counted[.queued] ?? 0)),
      metrics.viewers.family,
      MetricFamily(
        .gauge, "neuroscope_viewer_lag_events",
        "Items that the viewer furthest behind has not been given.",
        Double(runs.active.map(\.topic.greatestLag).max() ?? 0)),
      MetricFamily(
        .gauge, "neuroscope_ring_bytes", "Bytes of recent items that all runs together hold.",
        Double(budget.used)),
      MetricFamily(
        .gauge, "neuroscope_recording_bytes", "Bytes of the recordings that are kept.",
        Double(recordingBytes)),
      MetricFamily(
        .gauge, "neuroscope_outbox_bytes", "Bytes that wait for peers.",
        Double(transport.waitingBytes)),
      MetricFamily(
        .gauge, "neuroscope_connections", "Open connections.",
        [([.init("state", "open")], Double(transport.connections))]),
      MetricFamily(
        .gauge, "neuroscope_model_resident_bytes", "Bytes of the files of a loaded model.",
        engine.models.map { ([.init("model", $0.info.id)], Double($0.info.fileBytes)) }),
      MetricFamily(
        .gauge, "neuroscope_cache_positions",
        "Positions whose keys and values a model's runs hold.",
        cached.map { ([.init("model", $0.model)], Double($0.positions)) }),
      MetricFamily(
        .gauge, "neuroscope_build_info", "1, with what was built.",
        [([.init("version", Version.text), .init("commit", Version.commit ?? "")], 1)]),
    ]
    return metrics.registry.families + read + ProcessMetrics.families
  }
}

extension Service {
  /// Bytes of all recordings; 0 where none are kept.
  private var recordingBytes: Int {
    guard let folder = options.recordingsDirectory else { return 0 }
    let files = FileManager.default
    let names = (try? files.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(RecordingFolder.ending) }.reduce(0) { sum, name in
      let size = try? files.attributesOfItem(atPath: folder + "/" + name)[.size] as? NSNumber
      return sum + (size?.intValue ?? 0)
    }
  }
}

/// The process as Linux sees it, by the names of the Prometheus libraries.
enum ProcessMetrics {
  private static let started = Date().timeIntervalSince1970

  static var families: [MetricFamily] {
    var families = [
      MetricFamily(
        .gauge, "process_start_time_seconds", "When the process began, since 1970.", started)
    ]
    if let words = text("/proc/self/stat")?.split(separator: ")").last?.split(separator: " "),
      words.count > 21, let user = Double(words[11]), let system = Double(words[12]),
      let memory = Double(words[20]), let pages = Double(words[21])
    {
      // The kernel counts in hundredths of a second and in pages of 4096 bytes on every platform that is supported.
      families += [
        MetricFamily(
          .counter, "process_cpu_seconds_total", "Processor time used.", (user + system) / 100),
        MetricFamily(.gauge, "process_virtual_memory_bytes", "Address space.", memory),
        MetricFamily(
          .gauge, "process_resident_memory_bytes", "Memory, mapped files included.", pages * 4096),
      ]
    }
    if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
      families.append(
        MetricFamily(.gauge, "process_open_fds", "Open descriptors.", Double(open.count)))
    }
    return families
  }

  private static func text(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }
}
