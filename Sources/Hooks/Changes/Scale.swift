/// Multiplies the numbers.
package struct Scale: Change {
  package static let name = "scale"
  package static let aliases = ["scaled_intervention"]
  package static let summary = "The numbers are multiplied by strength."
  package static let parameters = [
    Parameter("strength", .number(-1e6...1e6), "1", "The factor.")
  ]

  package let factor: Float

  package init(_ values: ParameterValues) { factor = values.number("strength") ?? 1 }
  package init(by factor: Float) { self.factor = factor }

  package var given: [(name: String, value: ParameterValues.Value)] {
    [("strength", .number(factor))]
  }

  package func apply(to row: ChangedRow) { row.update { _, value in value * factor } }
}

extension Change where Self == Scale {
  package static func scale(_ factor: Float) -> Scale { Scale(by: factor) }
}
