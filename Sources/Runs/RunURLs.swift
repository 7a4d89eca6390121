internal import JSON

/// Where clients find the doors of a run.
struct RunURLs: Sendable, JSONWritable {
  /// The run's own path.
  let path: String

  /// - Parameter base: the path below which the server answers; empty at a site's root.
  init(of id: String, below base: String) { path = "\(base)/v1/runs/\(id)" }

  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      for door in ["events", "socket", "frames"] { writer.member(door, "\(path)/\(door)") }
    }
  }
}
