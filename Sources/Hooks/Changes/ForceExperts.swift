/// Routes positions to exactly the experts named; their weights are those that the model's router gives them: the softmax
/// over their own logits, or their shares of all experts (Qwen 2 MoE).
package struct ForceExperts: RoutingChange {
  package static let name = "force_experts"
  package static let summary = "Positions are routed to exactly these experts."
  package static let parameters = [
    Parameter("experts", .experts, nil, "As many as the model uses for a token.")
  ]

  package let experts: [Int]

  package init(_ values: ParameterValues) { experts = values.indices("experts") ?? [] }
  package init(_ experts: [Int]) { self.experts = experts }

  package var given: [(name: String, value: ParameterValues.Value)] {
    [("experts", .indices(experts))]
  }

  package func check(_ place: ChangedPlace) throws(InterventionProblem) {
    try checkRouter(experts, place)
    let count = place.catalogue.expertsPerToken
    guard Set(experts).count == experts.count, experts.count == count else {
      throw .expertCount(found: experts.count, expected: count)
    }
  }

  package func adjust(_ choice: inout RoutingChoice) { choice.forced = experts }
}

extension Change where Self == ForceExperts {
  package static func forceExperts(_ experts: [Int]) -> ForceExperts { ForceExperts(experts) }
}
