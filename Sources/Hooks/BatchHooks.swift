package import Tensors

/// The taps of all sessions in one forward pass, and which rows are whose.
///
/// The model sees one object; a point that nobody wants costs one load and one test.
///
/// - Isolation: belongs to the engine's loop; reused from pass to pass.
package final class BatchHooks {
  private struct Part {
    let tap: RunTap
    let rows: Range<Int>
    let firstPosition: Int
  }

  private var parts: [Part] = []
  private var union: [UInt32]

  package init(layers: Int) {
    union = Array(repeating: 0, count: layers + 1)
  }

  /// Forgets the last pass.
  package func removeAll() {
    parts.removeAll(keepingCapacity: true)
    for index in union.indices { union[index] = 0 }
  }

  /// Adds a session whose rows in the batch are `rows`, the first at `firstPosition`.
  package func add(_ tap: RunTap, rows: Range<Int>, firstPosition: Int) {
    guard !tap.isIdle else { return }
    parts.append(Part(tap: tap, rows: rows, firstPosition: firstPosition))
    for layer in -1..<(union.count - 1) { union[layer + 1] |= tap.mask(layer: layer) }
  }

  /// Whether anybody wants any of the sites at a layer (-1: outside the blocks).
  package func wants(_ sites: UInt32, layer: Int) -> Bool { union[layer + 1] & sites != 0 }

  /// Shows the whole batch's rows at a point to those who want them.
  package func visit(_ site: HookSite, layer: Int = -1, _ rows: FloatRows) {
    guard wants(site.bit, layer: layer) else { return }
    for part in parts where part.tap.mask(layer: layer) & site.bit != 0 {
      part.tap.see(site, layer: layer, rows: rows[part.rows], firstPosition: part.firstPosition)
    }
  }

  /// Shows rows of only some of the batch (logits, computed for chosen rows): row i is batch row `index[i]`.
  package func visit(_ site: HookSite, layer: Int = -1, _ rows: FloatRows, of index: [Int]) {
    guard wants(site.bit, layer: layer) else { return }
    for part in parts where part.tap.mask(layer: layer) & site.bit != 0 {
      for (row, place) in index.enumerated() where part.rows.contains(place) {
        part.tap.see(
          site, layer: layer, rows: rows[row..<row + 1],
          firstPosition: part.firstPosition + place - part.rows.lowerBound)
      }
    }
  }

  /// Whether a session (by its rows) wants its scores, pattern or sinks' shares of a layer.
  package func tapWantingScores(layer: Int, rows: Range<Int>) -> RunTap? {
    let bits =
      HookSite.attentionScores.bit | HookSite.attentionPattern.bit | HookSite.attentionSink.bit
    guard wants(bits, layer: layer) else { return nil }
    return parts.first { $0.rows == rows && $0.tap.mask(layer: layer) & bits != 0 }?.tap
  }

  /// The tap and position of one row, where its session wants any of the sites.
  package func tap(row: Int, sites: UInt32, layer: Int) -> (tap: RunTap, position: Int)? {
    guard wants(sites, layer: layer) else { return nil }
    guard
      let part = parts.first(where: {
        $0.rows.contains(row) && $0.tap.mask(layer: layer) & sites != 0
      })
    else { return nil }
    return (part.tap, part.firstPosition + row - part.rows.lowerBound)
  }
}
