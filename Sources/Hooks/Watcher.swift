/// Looks for what a run is watched for, pass by pass, in the rows that its tap has captured.
///
/// - Isolation: belongs to the engine's loop.
package struct Watcher: Sendable {
  package private(set) var list: WatchList
  /// The place of each watch's rows among the run's captures.
  private var places: [Int?]
  /// The numbers of the position watched last, of watches for changes.
  private var before: [[Float]]

  package init(_ watches: [Watchpoint]) {
    list = WatchList(watches)
    places = Array(repeating: nil, count: watches.count)
    before = Array(repeating: [], count: watches.count)
  }

  /// All that it ever looked for, by number; what was taken off is found no more.
  package var watches: [Watchpoint] { list.all }

  /// Looks for what a list says now; what stays in force keeps what it compares with.
  package mutating func follow(_ list: WatchList) {
    self.list = list
    let added = list.all.count - before.count
    places += Array(repeating: nil, count: max(0, added))
    before += Array(repeating: [], count: max(0, added))
  }

  /// One that looks for what is in force alone, numbered anew, with what that compares with.
  package var renumbered: Watcher {
    var watcher = Watcher(list.current)
    watcher.before = list.numbers.map { before[$0] }
    return watcher
  }

  /// Finds the watches' rows among captures that were changed.
  package mutating func setCaptures(_ specs: [CaptureSpec]) {
    places = watches.indices.map { number in
      guard list.contains(number) else { return nil }
      return watches[number].capture.flatMap { specs.firstIndex(of: $0) }
    }
  }

  /// Forgets what numbers were: after a step back the position watched before is not known.
  package mutating func forget() {
    before = Array(repeating: [], count: watches.count)
  }

  /// The watches on rows that fire in a pass, in their order; each once.
  package mutating func search(_ batch: CaptureBatch) -> [WatchFiring] {
    var fired: [WatchFiring] = []
    for (index, watch) in watches.enumerated() {
      guard let place = places[index],
        let item = batch.items.first(where: { $0.spec == place })
      else { continue }
      let selection = batch.specs[place].selection
      let isOverKeys = batch.specs[place].point.site.isOverKeys
      let firing = batch.withValues(of: item) { values in
        let rows = WatchedRows(
          values, dimensions: item.dimensions, selection: selection, isOverKeys: isOverKeys)
        return search(rows, positions: item.positions, step: batch.step, watch, index)
      }
      if let firing { fired.append(firing) }
    }
    return fired
  }

  private mutating func search(
    _ rows: WatchedRows, positions: [Int], step: Int, _ watch: Watchpoint, _ index: Int
  ) -> WatchFiring? {
    var firing: WatchFiring?
    var numbers = [Float](repeating: 0, count: rows.numbers)
    let comparesChanges = if case .changesBy = watch.condition { true } else { false }
    for (place, position) in positions.enumerated() {
      rows.reduce(place, into: &numbers)
      let old = before[index]
      let found = numbers.indices.first { number in
        rows.sees(number, from: position)
          && watch.holds(numbers[number], before: number < old.count ? old[number] : nil)
      }
      if let found {
        if firing == nil {
          firing = WatchFiring(
            watch: index, step: step, position: position, index: rows.index(of: found),
            value: numbers[found], before: found < old.count ? old[found] : nil, count: 0)
          if watch.action == .snapshot { firing?.row = rows.row(place) }
        }
        firing?.count += 1
      }
      if comparesChanges {
        // What was never computed is nothing to compare with.
        before[index] = numbers.indices.map { rows.sees($0, from: position) ? numbers[$0] : .nan }
      }
    }
    return firing
  }

  /// The watches on tokens that fire at a chosen one.
  ///
  /// - Parameters:
  ///   - position: the token's own.
  ///   - text: what it stands for.
  ///   - logprob: natural logarithm of its probability.
  package mutating func search(
    token: Int32, text: String, logprob: Float, step: Int, position: Int
  ) -> [WatchFiring] {
    var fired: [WatchFiring] = []
    for index in list.numbers {
      let watch = watches[index]
      var firing = WatchFiring(watch: index, step: step, position: position)
      switch (watch.subject, watch.condition) {
      case (.text, .contains(let wanted)):
        guard text.contains(wanted) else { continue }
      case (.surprise, _):
        let old = before[index].first
        before[index] = [-logprob]
        guard watch.holds(-logprob, before: old) else { continue }
        firing.value = -logprob
        if case .changesBy = watch.condition { firing.before = old }
      default: continue
      }
      firing.token = token
      firing.text = text
      fired.append(firing)
    }
    return fired
  }
}

/// A captured tensor, position by position.
private struct WatchedRows {
  private let values: UnsafeBufferPointer<Float>
  private let selection: Selection
  /// Heads, or 1 where the tensor has none.
  private let outer: Int
  private let positions: Int
  private let width: Int
  private let hasHeads: Bool
  /// Whether each number of a row is of a key.
  private let isOfKeys: Bool
  /// Numbers of a row after its reduction.
  private let rowNumbers: Int

  init(
    _ values: UnsafeBufferPointer<Float>, dimensions: [Int], selection: Selection, isOverKeys: Bool
  ) {
    self.values = values
    self.selection = selection
    width = dimensions.last ?? 1
    positions = dimensions.dropLast().last ?? 1
    outer = dimensions.dropLast(2).reduce(1, *)
    hasHeads = dimensions.count > 2
    isOfKeys = isOverKeys && selection.reduction == .none
    rowNumbers = selection.reduction.lastDimension(width) ?? 1
  }

  /// Numbers of a position.
  var numbers: Int { outer * rowNumbers }

  private func row(_ head: Int, _ place: Int) -> UnsafeBufferPointer<Float> {
    let first = (head * positions + place) * width
    return UnsafeBufferPointer(rebasing: values[first..<first + width])
  }

  /// Computes what the hook would send of a position.
  func reduce(_ place: Int, into out: inout [Float]) {
    out.withUnsafeMutableBufferPointer { out in
      guard let base = out.baseAddress else { return }
      for head in 0..<outer {
        selection.reduction.reduce(row(head, place), into: base + head * rowNumbers)
      }
    }
  }

  /// Whether a number was computed: keys behind a query never are.
  func sees(_ number: Int, from position: Int) -> Bool {
    guard isOfKeys else { return true }
    let column = number % max(rowNumbers, 1)
    return (selection.neurons?[column] ?? column) <= position
  }

  func index(of number: Int) -> [Int] {
    let column = number % max(rowNumbers, 1)
    return (hasHeads ? [number / max(rowNumbers, 1)] : [])
      + (selection.reduction.lastDimension(width) == nil ? [] : [column])
  }

  /// All of a position as it was captured.
  func row(_ place: Int) -> WatchFiring.Row {
    WatchFiring.Row(
      shape: (hasHeads ? [outer] : []) + [width], values: (0..<outer).flatMap { row($0, place) })
  }
}
