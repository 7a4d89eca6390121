import Hooks
import Testing

@Suite struct `Hook names` {
  static let dense = HookCatalogue(
    layers: 24, hiddenSize: 8, heads: 4, keyValueHeads: 2, headDimension: 2, vocabularySize: 50,
    neurons: 16, experts: 0, expertsPerToken: 0,
    sites: Set(HookSite.allCases).subtracting([
      .positionEmbedding, .attentionSink, .routerLogits, .expertIndices, .expertWeights,
      .expertOutput, .expertResult, .sharedExpertOutput, .sharedExpertGate,
    ]), family: "llama")

  static let experts = HookCatalogue(
    layers: 2, hiddenSize: 8, heads: 4, keyValueHeads: 2, headDimension: 2, vocabularySize: 50,
    neurons: 16, experts: 4, expertsPerToken: 2,
    sites: Set(HookSite.allCases).subtracting([
      .positionEmbedding, .mlpPre, .mlpPreLinear, .mlpPost,
    ]), family: "gpt_oss")

  private func point(
    _ layer: String, _ component: String, input: Bool = false,
    in catalogue: HookCatalogue = dense
  ) throws -> HookPoint {
    try catalogue.resolve(layerName: layer, component: component, isInput: input)
  }

  @Test(
    arguments: [
      "transformer.h.5", "model.layers.5", "layers.5", "layers[5]", "blocks.5", "h.5",
    ])
  func `every spelling of a block means the same block`(name: String) throws {
    #expect(try point(name, "residual") == HookPoint(.residualPost, layer: 5))
    #expect(try point(name, "RESIDUAL", input: true) == HookPoint(.residualPre, layer: 5))
    #expect(try point(name, "attention") == HookPoint(.attentionOutput, layer: 5))
    #expect(try point(name, "Attention", input: true) == HookPoint(.attentionNorm, layer: 5))
    #expect(try point(name, "mlp") == HookPoint(.mlpOutput, layer: 5))
    #expect(try point(name, "mlp", input: true) == HookPoint(.mlpNorm, layer: 5))
    #expect(try point(name, "layerNorm") == HookPoint(.attentionNorm, layer: 5))
    #expect(try point(name, "layernorm", input: true) == HookPoint(.residualPre, layer: 5))
    #expect(try point(name, "query") == HookPoint(.rotaryQuery, layer: 5))
    #expect(try point(name, "query", input: true) == HookPoint(.query, layer: 5))
    #expect(try point(name, "key", input: true) == HookPoint(.key, layer: 5))
    #expect(try point(name, "value") == HookPoint(.value, layer: 5))
    #expect(try point(name, "attentionWeights") == HookPoint(.attentionPattern, layer: 5))
    #expect(try point(name, "attention_scores") == HookPoint(.attentionScores, layer: 5))
  }

  @Test
  func
    `where both parts read one norm, that norm is the second's input and nothing lies between them`()
    throws
  {
    let parallel = HookCatalogue(
      layers: 3, hiddenSize: 8, heads: 4, keyValueHeads: 2, headDimension: 2, vocabularySize: 50,
      neurons: 16, experts: 0, expertsPerToken: 0,
      sites: Self.dense.sites.subtracting([.residualMid, .mlpNormalized, .mlpNorm]),
      family: "cohere")
    #expect(
      try point("layers.1", "mlp", input: true, in: parallel) == HookPoint(.attentionNorm, layer: 1)
    )
    #expect(
      try point("layers.1", "attention", input: true, in: parallel)
        == HookPoint(.attentionNorm, layer: 1))
    #expect(throws: HookNameProblem.self) {
      try point("blocks.1.hook_resid_mid", "residual", in: parallel)
    }
  }

  @Test func `modules and places outside the blocks have their own names`() throws {
    #expect(try point("model.layers.3.self_attn", "key") == HookPoint(.rotaryKey, layer: 3))
    #expect(try point("model.layers.3.mlp", "mlp") == HookPoint(.mlpOutput, layer: 3))
    for name in ["transformer.wte", "embed_tokens", "model.embed_tokens", "hook_embed"] {
      #expect(try point(name, "embedding") == HookPoint(.embedding))
    }
    #expect(try point("model.norm", "final_norm") == HookPoint(.finalNorm))
    #expect(try point("lm_head", "logits") == HookPoint(.logits))
  }

  @Test(
    arguments: [
      ("hook_resid_pre", "residual", HookSite.residualPre),
      ("hook_resid_mid", "residual", .residualMid),
      ("hook_resid_post", "residual", .residualPost),
      ("hook_attn_out", "attention", .attentionAdded), ("hook_mlp_out", "mlp", .mlpAdded),
      ("attn.hook_q", "query", .query), ("attn.hook_k", "key", .key),
      ("attn.hook_v", "value", .value), ("attn.hook_z", "attention", .headOutput),
      ("attn.hook_attn_scores", "attention_scores", .attentionScores),
      ("attn.hook_pattern", "attention_pattern", .attentionPattern),
      ("mlp.hook_pre", "mlp", .mlpPre), ("mlp.hook_post", "mlp", .mlpPost),
      ("ln1.hook_normalized", "layernorm", .attentionNormalized),
      ("ln2.hook_normalized", "mlp", .mlpNormalized),
    ])
  func `a TransformerLens name is one tensor`(
    name: String, component: String, site: HookSite
  ) throws {
    #expect(try point("blocks.7.\(name)", component) == HookPoint(site, layer: 7))
    #expect(HookPoint(site, layer: 7).name == "blocks.7.\(name)")
  }

  @Test func `experts and routers are found where there are any`() throws {
    let name = "layers.1.mlp.experts.3"
    #expect(
      try point(name, "expert", in: Self.experts)
        == HookPoint(.expertOutput, layer: 1, expert: 3))
    #expect(
      try point("layers.0", "moe", in: Self.experts) == HookPoint(.mlpOutput, layer: 0))
    for (suffix, site) in [
      ("router_logits", HookSite.routerLogits), ("experts", .expertIndices),
      ("weights", .expertWeights),
    ] {
      #expect(
        try point("blocks.1.mlp.hook_\(suffix)", "moe", in: Self.experts)
          == HookPoint(site, layer: 1))
    }
    #expect(throws: HookNameProblem.expertOutOfRange(4, experts: 4, name: "layers.1.mlp.experts.4"))
    {
      try point("layers.1.mlp.experts.4", "expert", in: Self.experts)
    }
  }

  @Test func `every point of a model resolves to itself by its canonical name`() throws {
    for catalogue in [Self.dense, Self.experts] {
      for point in catalogue.points {
        let found = try catalogue.resolve(
          layerName: point.name, component: point.site.component.rawValue, isInput: false)
        #expect(found == point)
      }
    }
  }

  @Test func `a wrong name is answered with what was wrong and the nearest right ones`() {
    #expect {
      try point("model.layer.5", "residual")
    } throws: { error in
      guard case HookNameProblem.unknownLayer(_, let nearest) = error else { return false }
      return nearest.first == "model.layers.5"
    }
    #expect {
      try point("model.layers.5", "residul")
    } throws: { error in
      guard case HookNameProblem.unknownComponent(_, let nearest) = error else { return false }
      return nearest.first == "residual"
    }
    #expect(
      throws: HookNameProblem.layerOutOfRange(24, layers: 24, name: "layers.24")
    ) { try point("layers.24", "residual") }
    #expect(
      throws: HookNameProblem.contradiction(
        layerName: "model.layers.5.mlp", component: "attention", valid: ["mlp", "moe"])
    ) { try point("model.layers.5.mlp", "attention") }
  }

  @Test func `what a model does not have is refused with the reason`() {
    for (layer, component) in [("layers.0", "moe"), ("layers.0.mlp.experts.0", "expert")] {
      #expect {
        try point(layer, component)
      } throws: { error in
        guard case HookNameProblem.notInThisModel(_, _, let reason) = error else { return false }
        return reason == "llama has no experts; its feed-forward part is `mlp`"
      }
    }
    for (layer, component) in [("embed_tokens", "embedding"), ("layers.0", "attention_scores")] {
      #expect {
        try point(layer, component, input: true)
      } throws: { error in
        if case HookNameProblem.noSuchSide = error { true } else { false }
      }
    }
  }

  @Test(
    arguments: [
      "", ".", "layers.", "layers.-1", "layers.1e3", "layers.99999999999999999999", "layers[", "[]",
      "layers[1", "blocks.1.", "model.layers.1.mlp.experts.", "model.model.layers.1",
    ])
  func `nonsense is an unknown layer, never a crash`(name: String) {
    #expect(throws: HookNameProblem.self) { try point(name, "residual") }
  }
}
