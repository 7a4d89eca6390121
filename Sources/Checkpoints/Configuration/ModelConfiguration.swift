package import Tensors

/// What a checkpoint says about its model, in one spelling for every format.
///
/// Sizes are checked against ``Bounds`` when it is read, so their products of two fit an `Int` without overflow.
/// Optional numbers are nil where the family has no such thing.
package struct ModelConfiguration: Sendable, Equatable {
  /// The family's canonical name: one of ``Architecture``'s list, such as `llama`, `qwen2` or `gpt_oss`; for any
  /// other the file's own word, so that a refusal can name it.
  package var architecture: String

  // MARK: Sizes

  package var layers = 1
  /// Width of the residual stream.
  package var hiddenSize = 1
  /// Width inside the MLP; of one expert, where there are experts.
  package var intermediateSize = 1
  package var heads = 1
  package var keyValueHeads = 1
  package var headDimension = 1
  package var vocabularySize = 1
  /// Positions the model was trained for.
  package var contextLength = 1
  /// Experts in each layer; 0 in a dense model.
  package var experts = 0
  package var expertsPerToken = 0
  /// Width of the expert that every position uses besides (Qwen 2 MoE); 0 where there is none.
  package var sharedExpertSize = 0

  /// Layers of a mixture whose feed-forward part is one for all positions, and the width of those parts.
  package var denseLayers: Set<Int> = []
  package var denseIntermediateSize = 0

  // MARK: Arithmetic

  package var normEpsilon = 1e-5
  /// What is added to every stored norm weight: 1 in Gemma's Hugging Face files, else 0.
  package var normWeightOffset: Float = 0
  package var activation = ActivationFunction.silu
  /// Clamp of the gated activation, and the slope of its sigmoid (gpt_oss).
  package var swigluLimit: Float?
  package var swigluSlope: Float = 1.702
  package var attentionLogitSoftcap: Float?
  package var finalLogitSoftcap: Float?
  /// Queries are scaled by its inverse square root instead of the head dimension's (Gemma).
  package var queryPreAttentionScalar: Double?
  /// What scores are multiplied by, where it is no square root (Granite's `attention_multiplier`).
  package var attentionScale: Double?
  /// Embeddings are multiplied by it (Gemma: √hiddenSize; Granite), else 1.
  package var embeddingScale: Float = 1
  /// What attention and MLP are multiplied by before they are added to the stream (Granite), else 1.
  package var residualScale: Float = 1
  /// What scores of the vocabulary are multiplied by (Granite: the inverse of `logits_scaling`), else 1.
  package var scoreScale: Float = 1
  /// Whether the weights of a position's experts sum to 1; else they are shares of all experts (Qwen 2 MoE).
  package var normalizesExpertWeights = true
  package var tiedEmbeddings = false
  /// Whether q, k and v have biases; nil where the tensors decide (GGUF).
  package var attentionBias: Bool?
  /// Whether the projection behind the heads has one; nil likewise.
  package var attentionOutputBias: Bool?
  /// Whether the feed-forward part has biases; nil likewise.
  package var mlpBias: Bool?
  /// Whether attention and the feed-forward part both read the norm before the block, and are added together (Cohere;
  /// StableLM's `use_parallel_residual`).
  package var parallelBlocks = false
  /// Whether each head's queries and keys have a LayerNorm with a weight of their own (StableLM, Cohere); nil where the
  /// tensors decide.
  package var normalizesHeads: Bool? = false
  /// False where scores are the plain products of queries and keys (gpt2's `scale_attn_weights`).
  package var scalesAttention = true
  /// True where scores are also divided by the layer's number, from 1 on (gpt2's `scale_attn_by_inverse_layer_idx`).
  package var scalesAttentionByLayer = false

  // MARK: Positions

  /// Rotary positions of full-attention layers; nil where positions are learned (gpt2).
  package var rope: RopeConfiguration?
  /// Rotary positions of sliding layers where they differ (Gemma 3, OLMo 3).
  package var slidingRope: RopeConfiguration?
  /// Layers whose queries and keys keep no position (SmolLM 3).
  package var unrotatedLayers: Set<Int> = []
  /// True where the rows of q and k are stored so that elements 2i and 2i+1 rotate together (GGUF of the llama
  /// family), false where i and i + half do.
  package var interleavedRotation = false
  /// True where the elements 2i and 2i + 1 of a head turn together in the published model itself (Cohere).
  package var turnsNeighbours = false
  /// Keys a sliding layer sees, its own position included.
  package var slidingWindow: Int?
  /// One entry a layer.
  package var attentionSpans: [AttentionSpan] = []

  // MARK: Tokens

  package var beginTokens: [Int] = []
  /// Tokens that end a generation.
  package var endTokens: [Int] = []
  /// How its makers would have tokens drawn; nil where the files do not say.
  package var samplingDefaults: SamplingDefaults?

  // MARK: What was not used

  /// Names in the file that nothing here understands, as `rope_scaling.name` where they stand inside another; none of
  /// them changed anything.
  package var unknownFields: [String] = []

  /// Which keys a layer's queries see.
  package enum AttentionSpan: String, Sendable, Equatable { case full, sliding }

  /// What no sane model exceeds; wider files are refused by name before anything is allocated.
  package enum Bounds {
    package static let layers = 1...1_024
    package static let width = 1...(1 << 20)
    package static let heads = 1...4_096
    package static let vocabulary = 1...(1 << 24)
    package static let context = 1...(1 << 30)
    package static let experts = 0...4_096
    package static let tokens = 0...(1 << 24)
  }
}
