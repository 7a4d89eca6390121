internal import HTTP
internal import Recordings
internal import Sockets

/// What is said of a recording before it is played: what it holds, what it lost, where it is served.
struct ReplayGreeting {
  let file: String
  let reader: RecordingReader

  /// What of the file can't be played; nil where nothing is missing.
  var damage: String? {
    guard let damage = reader.damage else { return nil }
    let records = reader.entries.count
    let reason =
      switch damage.reason {
      case .truncated: "the file ends inside a record"
      case .checksum: "a record's checksum is wrong"
      case .head: "a record's head is impossible"
      case .noIndex: "its writer did not finish"
      case .index: "its index is damaged"
      }
    let lost = damage.lostBytes > 0 ? "; \(damage.lostBytes) bytes after them are lost" : ""
    return "\(file) is incomplete (\(reason)): \(records) whole records, "
      + "\(damage.wholeBytes) bytes\(lost)"
  }

  func lines(
    run: String, addresses: [SocketAddress], base: BasePath, scheme: String = "http"
  ) -> [String] {
    let summary = RecordingSummary(recordingID: "", reader)
    var lines = [
      "NeuroScope \(NeuroScope.version)",
      "  replay  \(file): \(summary.events) events and \(summary.frames) tensors of "
        + "\(summary.metadata.model), \(Figures.bytes(summary.bytes))",
    ]
    for address in addresses {
      if case .unix(let path) = address {
        lines.append("  socket  \(path)")
      } else {
        lines.append("  page    \(scheme)://\(address)\(base.place("/"))?run=\(run)")
      }
    }
    if let address = addresses.first(where: { $0.port != nil }) {
      let events = base.place("/v1/runs/\(run)/events?tensors=json")
      lines.append("  stream  curl -N '\(scheme)://\(address)\(events)'")
    }
    return lines
  }
}
