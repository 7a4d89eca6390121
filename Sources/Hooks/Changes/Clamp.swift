/// Keeps the numbers between two bounds.
package struct Clamp: Change {
  package static let name = "clamp"
  package static let summary = "The numbers are brought between low and high."
  package static let parameters = [
    Parameter("low", .number(-3e38...3e38), "none", "The least a number may be."),
    Parameter("high", .number(-3e38...3e38), "none", "The most a number may be."),
  ]

  package let low: Float
  package let high: Float

  package init(_ values: ParameterValues) {
    self.init(
      low: values.number("low") ?? -.greatestFiniteMagnitude,
      high: values.number("high") ?? .greatestFiniteMagnitude)
  }
  package init(low: Float, high: Float) {
    self.low = low
    self.high = high
  }

  package var given: [(name: String, value: ParameterValues.Value)] {
    [("low", .number(low)), ("high", .number(high))]
  }

  package func check(_ place: ChangedPlace) throws(InterventionProblem) {
    guard low <= high else {
      throw .parameterOutOfRange("low", found: "\(low)", allowed: "at most high (\(high))")
    }
  }

  package func apply(to row: ChangedRow) {
    row.update { _, value in min(max(value, low), high) }
  }
}

extension Change where Self == Clamp {
  package static func clamp(low: Float, high: Float) -> Clamp { Clamp(low: low, high: high) }
}
