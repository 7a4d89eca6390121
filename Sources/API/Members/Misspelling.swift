/// Finds the known name that somebody probably meant.
enum Misspelling {
  /// The nearest of the known names, where the name looks like a misspelling of one: the same but for case and
  /// underscores, or one change in a name of four letters, two in one of eight.
  static func nearest(to name: String, among known: some Collection<String>) -> String? {
    guard name.utf8.count <= 64 else { return nil }
    let letters = folded(name)
    var best: (name: String, changes: Int)?
    for candidate in known.sorted() {
      let other = folded(candidate)
      let limit = changes(among: max(letters.count, other.count))
      guard abs(letters.count - other.count) <= limit else { continue }
      let changes = distance(letters, other)
      if changes <= limit, changes < best?.changes ?? .max { best = (candidate, changes) }
    }
    return best?.name
  }

  /// How many letters of so many may differ.
  private static func changes(among letters: Int) -> Int {
    letters < 4 ? 0 : letters < 8 ? 1 : 2
  }

  private static func folded(_ name: String) -> [UInt8] {
    Array(name.lowercased().utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") })
  }

  /// Letters that are inserted, left out, replaced, or exchanged with their neighbour (Damerau 1964).
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var rows = [[Int](0...right.count)]
    for (row, letter) in left.enumerated() {
      var next = [row + 1]
      for (column, other) in right.enumerated() {
        var changes = min(rows[row][column + 1] + 1, next[column] + 1)
        changes = min(changes, rows[row][column] + (letter == other ? 0 : 1))
        if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
          changes = min(changes, rows[row - 1][column - 1] + 1)
        }
        next.append(changes)
      }
      rows.append(next)
    }
    return rows[left.count][right.count]
  }
}
