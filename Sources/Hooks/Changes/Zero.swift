/// Takes the numbers away.
package struct Zero: Change {
  package static let name = "zero"
  package static let aliases = ["zero_ablation"]
  package static let summary = "The numbers become 0."

  package init(_ values: ParameterValues = ParameterValues()) {}

  package func apply(to row: ChangedRow) { row.update { _, _ in 0 } }
}

extension Change where Self == Zero {
  package static var zero: Zero { Zero() }
}
