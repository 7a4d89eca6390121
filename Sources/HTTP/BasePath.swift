internal import Wire

/// The path below which a server answers, where a proxy gives it a folder of a site; nothing at a site's root.
///
/// Proxies that pass the path on and those that take it off are served alike: what does not begin with it is looked up as it is.
/// Routes, patterns and what is told of them know nothing of it; it comes off before a route is looked for, and onto each
/// `Location`.
package struct BasePath: Sendable, Hashable {
  /// A site's root.
  package static let root = BasePath(segments: [])

  /// Bytes that a path may have.
  package static let limit = 256

  private let segments: [String]

  private init(segments: [String]) { self.segments = segments }

  /// Reads a path such as `/tools/neuroscope`, with or without a slash at its end.
  ///
  /// Its segments are of letters, digits, and `-`, `.`, `_`, `~`, which are the same encoded and not: nobody reads it in two ways. It is nil
  /// for anything else, for `.` and `..`, and beyond ``limit``.
  package init?(_ text: String) {
    guard text.hasPrefix("/"), text.utf8.count <= Self.limit else { return nil }
    guard text != "/" else {
      self = .root
      return
    }
    let inner = text.hasSuffix("/") ? text.dropFirst().dropLast() : text.dropFirst()
    segments = inner.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let isPlain = segments.allSatisfy { segment in
      !segment.isEmpty && segment != "." && segment != ".."
        && segment.utf8.allSatisfy { byte in
          (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
            || "-._~".utf8.contains(byte)
        }
    }
    guard isPlain else { return nil }
  }

  /// The path without a slash at its end: empty at a site's root.
  package var text: String { segments.map { "/" + $0 }.joined() }

  /// Where a client finds a path of the server, such as `/v1/runs/…`.
  package func place(_ path: String) -> String { text + path }

  /// The segments of a path below this one; of any other path its own.
  package func below(_ path: [String]) -> [String] {
    path.starts(with: segments) ? Array(path.dropFirst(segments.count)) : path
  }

  /// Where a page is that was asked for by this path without the slash at its end; nil for every other request.
  ///
  /// From there its links would lead astray. It is the server's root, with the request's query.
  package func slashed(_ request: Request) -> String? {
    guard !segments.isEmpty, request.segments == segments else { return nil }
    let raw = request.head.target.raw
    return "/" + (raw.firstIndex(of: "?").map { raw[$0...] } ?? "")
  }
}
