/// Puts a mean that was computed elsewhere in the place of each row.
package struct Mean: Change {
  package static let name = "mean"
  package static let aliases = ["mean_ablation"]
  package static let summary = "Each row becomes the vector."
  package static let parameters = [
    Parameter("vector", .vector, nil, "The row, as wide as the point.")
  ]

  package let vector: [Float]

  package init(_ values: ParameterValues) { vector = values.vector("vector") ?? [] }
  package init(vector: [Float]) { self.vector = vector }

  package var given: [(name: String, value: ParameterValues.Value)] {
    [("vector", .vector(vector))]
  }

  package func check(_ place: ChangedPlace) throws(InterventionProblem) {
    try place.requireWidth(of: vector, Self.name)
  }

  package func apply(to row: ChangedRow) { row.update { column, _ in vector[column] } }
}

extension Change where Self == Mean {
  package static func mean(vector: [Float]) -> Mean { Mean(vector: vector) }
}
