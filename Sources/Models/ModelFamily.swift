package import Checkpoints
package import Hooks
package import Tensors

/// How a model is to be set up when it is loaded.
package struct BuildOptions: Sendable {
  /// Positions a session may hold.
  package var contextLength: Int
  /// How keys and values are kept: `F32`, or `F16` for half the memory.
  package var cacheType: ElementType

  package init(contextLength: Int, cacheType: ElementType = .f32) {
    self.contextLength = contextLength
    self.cacheType = cacheType
  }
}

/// A family of models: which checkpoints it reads and how its blocks are put together.
///
/// A new family is one file in `Families/` and one line in `Families.swift`.
package protocol ModelFamily: SendableMetatype {
  /// Canonical names (``ModelConfiguration/architecture``) that it reads.
  static var architectures: [String] { get }

  /// Sites of the forward pass beyond those that all families have, and those it lacks.
  static func sites(_ configuration: ModelConfiguration) -> Set<HookSite>

  /// Takes the weights where they lie and puts the blocks together.
  static func build(_ checkpoint: Checkpoint, _ options: BuildOptions) throws(CheckpointError)
    -> LanguageModel
}

extension ModelFamily {
  /// The sites of a pre-norm, rotary, gated, dense decoder.
  package static func sites(_ configuration: ModelConfiguration) -> Set<HookSite> { .gatedRotary }

  /// What hooks see of a model of this family.
  package static func catalogue(_ c: ModelConfiguration) -> HookCatalogue {
    HookCatalogue(
      layers: c.layers, hiddenSize: c.hiddenSize, heads: c.heads, keyValueHeads: c.keyValueHeads,
      headDimension: c.headDimension, vocabularySize: c.vocabularySize,
      neurons: c.denseLayers.isEmpty ? c.intermediateSize : c.denseIntermediateSize,
      experts: c.experts, expertsPerToken: c.expertsPerToken,
      sites: sites(c).union(c.denseLayers.isEmpty ? [] : [.mlpPre, .mlpPreLinear, .mlpPost]),
      denseLayers: c.denseLayers, family: c.architecture)
  }
}

extension Set<HookSite> {
  /// Sites that every gated rotary decoder without experts has.
  static var gatedRotary: Set<HookSite> {
    Set(HookSite.allCases).subtracting([
      .positionEmbedding, .attentionSink, .routerLogits, .expertIndices, .expertWeights,
      .expertOutput, .expertResult, .sharedExpertOutput, .sharedExpertGate,
    ])
  }

  /// Sites of a rotary decoder whose feed-forward parts read the norm before attention.
  static var parallelRotary: Set<HookSite> {
    gatedRotary.subtracting([.residualMid, .mlpNormalized, .mlpNorm])
  }

  /// Sites of a rotary decoder whose feed-forward parts are routed experts.
  static var routedRotary: Set<HookSite> {
    gatedRotary.subtracting([.mlpPre, .mlpPreLinear, .mlpPost])
      .union([.routerLogits, .expertIndices, .expertWeights, .expertOutput, .expertResult])
  }
}
