import Hooks
import Testing

@testable import neuroscope

@Suite struct RunHooksTests {
  private static let catalogue = HookCatalogue(
    layers: 4, hiddenSize: 8, heads: 2, keyValueHeads: 1, headDimension: 4, vocabularySize: 16,
    neurons: 12, experts: 0, expertsPerToken: 0,
    sites: Set(HookSite.allCases).subtracting([
      .positionEmbedding, .attentionSink, .routerLogits, .expertIndices, .expertWeights,
      .expertOutput, .sharedExpertOutput, .sharedExpertGate,
    ]), family: "llama")

  private func points(_ list: String) throws -> [String] {
    try RunHooks(list, catalogue: Self.catalogue).named.map(\.point.name)
  }

  @Test func `the residual stream of every layer is always watched`() throws {
    let hooks = try RunHooks("", catalogue: Self.catalogue)
    #expect(hooks.named.isEmpty)
    #expect(hooks.specs.map(\.point) == (0..<4).map { HookPoint(.residualPost, layer: $0) })
    #expect(hooks.specs.allSatisfy { $0.selection.positions == .last })
  }

  @Test func `a list mixes components at layers with names that stand alone`() throws {
    #expect(
      try points("residual@1, attention@2,blocks.3.hook_mlp_out") == [
        "blocks.1.hook_resid_post", "blocks.2.attn.output_before_post_norm",
        "blocks.3.hook_mlp_out",
      ])
  }

  @Test func `all means every layer, in means what enters`() throws {
    #expect(try points("mlp@all").count == 4)
    #expect(try points("residual@1:in") == ["blocks.1.hook_resid_pre"])
    #expect(try points("residual@transformer.h.2") == ["blocks.2.hook_resid_post"])
  }

  @Test(arguments: [
    "residdual@1", "residual@9", "residual@x", "blocks.1.nothing", "a@b@c", "moe@1",
  ])
  func `what is not there is refused with a sentence`(list: String) {
    #expect(throws: CommandFailure.self) { try points(list) }
  }
}
