package import Logging
internal import Synchronization

/// A logger whose lines a test can read.
package final class LogLines: Sendable {
  private let kept = Mutex<[String]>([])

  package init() {}

  package var lines: [String] { kept.withLock { $0 } }
  package var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

  fileprivate func keep(_ line: String) { kept.withLock { $0.append(line) } }

  private struct Handler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      lines.keep("\(event.level) \(event.message) \(event.metadata ?? [:])")
    }
  }
}
