/// Never routes positions to the experts named.
package struct BanExperts: RoutingChange {
  package static let name = "ban_experts"
  package static let summary = "Positions are never routed to these experts."
  package static let parameters = [
    Parameter("experts", .experts, nil, "So few that enough are left for a token.")
  ]

  package let experts: [Int]

  package init(_ values: ParameterValues) { experts = values.indices("experts") ?? [] }
  package init(_ experts: [Int]) { self.experts = experts }

  package var given: [(name: String, value: ParameterValues.Value)] {
    [("experts", .indices(experts))]
  }

  package func check(_ place: ChangedPlace) throws(InterventionProblem) {
    try checkRouter(experts, place)
    let left = place.catalogue.experts - Set(experts).count
    guard left >= place.catalogue.expertsPerToken else {
      throw .expertCount(found: left, expected: place.catalogue.expertsPerToken)
    }
  }

  package func adjust(_ choice: inout RoutingChoice) { choice.banned += experts }
}

extension Change where Self == BanExperts {
  package static func banExperts(_ experts: [Int]) -> BanExperts { BanExperts(experts) }
}
