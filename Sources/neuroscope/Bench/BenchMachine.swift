internal import Foundation

/// What a figure belongs to: without it a number of tokens per second says nothing.
struct BenchMachine: Encodable {
  /// The processor, as the system names it.
  let processor: String
  let cores: Int
  /// The system's load over the last minute when the benchmark began; well above 0 means a busy machine.
  let load: Double
  /// `release` or `debug`.
  let build: String
  let commit: String

  init(commit: String) {
    processor = Self.line(of: "/proc/cpuinfo", after: "model name") ?? "unknown"
    cores = ProcessInfo.processInfo.activeProcessorCount
    let average = Self.text("/proc/loadavg").split(separator: " ").first
    load = average.flatMap { Double($0) } ?? 0
    self.commit = commit
    #if DEBUG
    build = "debug"
    #else
    build = "release"
    #endif
  }

  /// One line for people.
  var line: String {
    "\(processor), \(cores) cores, load \(Figures.short(load)); \(build) build, commit \(commit)"
  }

  /// Bytes of memory of our own (not of mapped files) that the process takes now.
  static var ownMemory: Int? {
    line(of: "/proc/self/status", after: "RssAnon")
      .flatMap { $0.split(separator: " ").first }.flatMap { Int($0) }.map { $0 * 1024 }
  }

  private static func text(_ path: String) -> String {
    // Files of /proc have no size, so they are read to their end.
    guard let file = FileHandle(forReadingAtPath: path) else { return "" }
    let data = (try? file.readToEnd()) ?? nil
    return String(decoding: data ?? Data(), as: UTF8.self)
  }

  private static func line(of path: String, after name: String) -> String? {
    let line = text(path).split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.split(separator: ":").last.map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }
}
