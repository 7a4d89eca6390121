/// Adds a direction to each row: steering.
package struct Add: Change {
  package static let name = "add"
  package static let aliases = ["steer"]
  package static let summary = "strength times the vector is added to each row."
  package static let parameters = [
    Parameter("vector", .vector, nil, "The direction, as wide as the point."),
    Parameter("strength", .number(-1e6...1e6), "1", "How much of it is added."),
  ]

  package let vector: [Float]
  package let strength: Float

  package init(_ values: ParameterValues) {
    self.init(vector: values.vector("vector") ?? [], strength: values.number("strength") ?? 1)
  }
  package init(vector: [Float], strength: Float) {
    self.vector = vector
    self.strength = strength
  }

  package var given: [(name: String, value: ParameterValues.Value)] {
    [("strength", .number(strength)), ("vector", .vector(vector))]
  }

  package func check(_ place: ChangedPlace) throws(InterventionProblem) {
    try place.requireWidth(of: vector, Self.name)
  }

  package func apply(to row: ChangedRow) {
    row.update { column, value in value + strength * vector[column] }
  }
}

extension Change where Self == Add {
  package static func add(vector: [Float], strength: Float) -> Add {
    Add(vector: vector, strength: strength)
  }
}
