/// Looks for stop strings in text that arrives in pieces, holding back what may be the beginning of one.
///
/// A value: bytes in, showable text out.
package struct StopMatcher: Sendable {
  private let stops: [[UInt8]]
  private var held: [UInt8] = []
  /// True once a stop string was found; what came before it has been handed out.
  package private(set) var isStopped = false

  package init(_ stops: [String]) {
    self.stops = stops.filter { !$0.isEmpty }.map { Array($0.utf8) }
  }

  /// Text that may be shown now.
  package mutating func append(_ text: String) -> String {
    guard !isStopped else { return "" }
    guard !stops.isEmpty else { return text }
    held.append(contentsOf: text.utf8)
    if let end = firstStop() {
      isStopped = true
      defer { held = [] }
      return String(decoding: held[..<end], as: UTF8.self)
    }
    let kept = longestBeginning()
    let shown = held.count - kept
    defer { held.removeFirst(shown) }
    return String(decoding: held[..<shown], as: UTF8.self)
  }

  /// What was held back, at the end: it was no stop string after all.
  package mutating func finish() -> String {
    defer { held = [] }
    return isStopped ? "" : String(decoding: held, as: UTF8.self)
  }

  /// Where the earliest stop string begins.
  private func firstStop() -> Int? {
    for start in held.indices
    where stops.contains(where: { held[start...].starts(with: $0) }) {
      return start
    }
    return nil
  }

  /// How many of the last bytes begin a stop string, never cutting a character in two.
  private func longestBeginning() -> Int {
    let longest = stops.reduce(0) { max($0, $1.count - 1) }
    for count in stride(from: min(longest, held.count), to: 0, by: -1) {
      let tail = held[(held.count - count)...]
      if stops.contains(where: { $0.count > count && $0.starts(with: tail) }) { return count }
    }
    return 0
  }
}
