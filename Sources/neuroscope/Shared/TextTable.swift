/// Rows of text under headings, each column as wide as its longest text.
struct TextTable {
  private var rows: [[String]]

  /// - Parameter headings: one a column.
  init(_ headings: String...) { rows = [headings] }

  /// - Parameter row: as many texts as there are headings; what others chose stays on its line.
  mutating func append(_ row: [String]) { rows.append(row.map(\.onOneLine)) }

  /// The rows without blanks at their ends.
  var lines: [String] {
    let widths = (rows.first ?? []).indices.map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      let last = row.count - 1
      return row.enumerated().map { column, text in
        column == last ? text : text.padded(to: widths[column] + 2)
      }.joined()
    }
  }
}
