/// Puts another run's rows in the place of this one's, position by position.
package struct Patch: Change {
  package static let name = "patch"
  package static let aliases = ["activation_patching"]
  package static let summary = "The rows become those of another run at the same positions."
  package static let parameters = [
    Parameter("source", .rows, nil, "The run and hook that captured them, or the rows themselves.")
  ]

  package let rows: PatchedRows

  package init(_ values: ParameterValues) {
    rows = values.rows("source") ?? PatchedRows(values: [], width: 0, firstPosition: 0)
  }
  package init(_ rows: PatchedRows) { self.rows = rows }

  package func check(_ place: ChangedPlace) throws(InterventionProblem) {
    try place.requireFixedRows(Self.name)
    guard rows.width == place.width, rows.values.count % max(place.width, 1) == 0 else {
      throw .patchWidth(found: rows.width, expected: place.width)
    }
  }

  package func apply(to row: ChangedRow) {
    let index = row.position - rows.firstPosition
    guard index >= 0, index < rows.values.count / max(rows.width, 1) else { return }
    let first = index * rows.width
    row.update { column, _ in rows.values[first + column] }
  }
}

extension Change where Self == Patch {
  package static func patch(rows: [Float], width: Int, firstPosition: Int) -> Patch {
    Patch(PatchedRows(values: rows, width: width, firstPosition: firstPosition))
  }
}
