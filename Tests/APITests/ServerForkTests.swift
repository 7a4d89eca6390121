import Engine
import Hooks
import TestKit
import Testing

@testable import API
@testable import Runs

@Suite(.ownThreads) struct `A fork` {
  @Test func `asks of the engine all that its parent asked, but for what its body changes`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let service = kit.server.service
    let parent = try await service.order(
      RunRequest(
        Fields(
          body: Array(
            #"""
            {"tokens":[5,6],"max_tokens":7,"temperature":0.3,"top_p":0.9,"top_k":5,"min_p":0.1,"seed":9,
             "repetition_penalty":1.2,"presence_penalty":0.1,"frequency_penalty":0.2,"stop":["x"],
             "ignore_eos":true,"top_logprobs":3,
             "activation_hooks":[{"layer_name":"transformer.h.4","component":"mlp"}],
             "interventions":[{"layer_name":"transformer.h.4","component":"mlp","kind":"zero"}],
             "analyses":[{"name":"attention_entropy"}]}
            """#.utf8)),
        models: service.models, registered: service.hooks, time: 0))
    func members(_ order: RunOrder) -> [String: String] {
      var all: [String: String] = [:]
      for child in Mirror(reflecting: order.generation).children {
        all[child.label ?? ""] =
          child.label == "model" ? order.model.info.id : described(child.value)
      }
      return all
    }
    /// In words that are the same for equal values: a set has no order.
    func described(_ value: Any) -> String {
      let mirror = Mirror(reflecting: value)
      guard mirror.displayStyle == .set else { return String(describing: value) }
      return mirror.children.map { String(describing: $0.value) }.sorted().description
    }
    func fork(_ body: String) async throws -> RunOrder {
      try await service.forkedOrder(
        parent, hooks: parent.hooks, interventions: parent.interventions,
        Fields(body: Array(body.utf8)))
    }
    let whole = members(parent)
    #expect(whole.count == Mirror(reflecting: parent.generation).children.count)
    #expect(whole["stopTokens"] == "[]")
    #expect(members(try await fork("{}")) == whole)
    let changed = members(try await fork(#"{"seed":10,"ignore_eos":false}"#))
    #expect(
      Set(whole.keys.filter { whole[$0] != changed[$0] }) == ["sampling", "stopTokens"])
  }
}
