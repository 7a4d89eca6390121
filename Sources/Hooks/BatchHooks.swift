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
  private let slots: PointSlots
  /// By slot, whether anybody wants the point.
  private var union: [Bool]

  package init(layers: Int) {
    slots = PointSlots(layers: layers)
    union = Array(repeating: false, count: slots.count)
  }

  /// Forgets the last pass.
  package func removeAll() {
    guard !parts.isEmpty else { return }
    parts.removeAll(keepingCapacity: true)
    for slot in union.indices { union[slot] = false }
  }

  /// Adds a session whose rows in the batch are `rows`, the first at `firstPosition`.
  package func add(_ tap: RunTap, rows: Range<Int>, firstPosition: Int) {
    guard !tap.isIdle else { return }
    parts.append(Part(tap: tap, rows: rows, firstPosition: firstPosition))
    for slot in tap.wantedSlots { union[slot] = true }
  }

  /// Whether anybody wants a site at a layer (-1: outside the blocks).
  package func wants(_ site: HookSite, layer: Int) -> Bool {
    union[slots.slot(site, layer: layer)]
  }

  /// Shows the whole batch's rows at a point to those who want them.
  package func visit(_ site: HookSite, layer: Int = -1, _ rows: FloatRows) {
    guard wants(site, layer: layer) else { return }
    for part in parts where part.tap.wants(site, layer: layer) {
      part.tap.see(site, layer: layer, rows: rows[part.rows], firstPosition: part.firstPosition)
    }
  }

  /// Shows rows of only some of the batch (logits, computed for chosen rows): row i is batch row `index[i]`.
  package func visit(_ site: HookSite, layer: Int = -1, _ rows: FloatRows, of index: [Int]) {
    guard wants(site, layer: layer) else { return }
    for part in parts where part.tap.wants(site, layer: layer) {
      for (row, place) in index.enumerated() where part.rows.contains(place) {
        part.tap.see(
          site, layer: layer, rows: rows[row..<row + 1],
          firstPosition: part.firstPosition + place - part.rows.lowerBound)
      }
    }
  }

  /// The tap of a session (by its rows) that wants its scores, pattern or sinks' shares of a layer.
  package func tapWantingScores(layer: Int, rows: Range<Int>) -> RunTap? {
    guard isWatchingScores({ wants($0, layer: layer) }) else { return nil }
    return parts.first { part in
      part.rows == rows && isWatchingScores { part.tap.wants($0, layer: layer) }
    }?.tap
  }

  private func isWatchingScores(_ wants: (HookSite) -> Bool) -> Bool {
    wants(.attentionScores) || wants(.attentionPattern) || wants(.attentionSink)
  }

  /// The tap and position of one row, where its session wants a site.
  package func tap(row: Int, site: HookSite, layer: Int) -> (tap: RunTap, position: Int)? {
    guard wants(site, layer: layer) else { return nil }
    guard
      let part = parts.first(where: {
        $0.rows.contains(row) && $0.tap.wants(site, layer: layer)
      })
    else { return nil }
    return (part.tap, part.firstPosition + row - part.rows.lowerBound)
  }
}
