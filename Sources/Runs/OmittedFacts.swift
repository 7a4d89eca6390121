internal import JSON
internal import OrderedCollections

/// What a list of runs leaves out of one of them, so that the list stays small whatever its runs hold.
///
/// Everything that is left out is counted, and the run's own object has it.
package struct OmittedFacts: Sendable {
  /// Entries of a list that are kept.
  static let mostEntries = 16
  /// Bytes of a run's text that are kept, and of each string that ends it.
  static let mostText = 4000
  static let mostStop = 80

  /// Entries of lists, or bytes of texts, by the member that lacks them.
  private var counts: OrderedDictionary<String, Int> = [:]

  package init() {}

  /// The first entries of a list.
  mutating func cut<Entry>(_ list: [Entry], _ name: String) -> [Entry] {
    guard list.count > Self.mostEntries else { return list }
    counts[name, default: 0] += list.count - Self.mostEntries
    return Array(list.prefix(Self.mostEntries))
  }

  /// The beginning of a text, to its last whole character.
  mutating func cut(_ text: String, _ name: String, bytes: Int) -> String {
    guard text.utf8.count > bytes else { return text }
    var kept = ""
    for scalar in text.unicodeScalars {
      guard kept.utf8.count + UTF8.width(scalar) <= bytes else { break }
      kept.unicodeScalars.append(scalar)
    }
    counts[name, default: 0] += text.utf8.count - kept.utf8.count
    return kept
  }

  /// The member `omitted`, where something is.
  func write(to writer: inout JSONWriter) {
    guard !counts.isEmpty else { return }
    writer.object("omitted") { writer in
      for (name, count) in counts { writer.member(name, count) }
    }
  }
}
