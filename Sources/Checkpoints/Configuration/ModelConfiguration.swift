/// What a checkpoint says about its model, in one spelling for every format.
///
/// Sizes are checked against ``Bounds`` when it is read, so their products of two fit an `Int` without overflow.
/// Optional numbers are nil where the family has no such thing.
package struct ModelConfiguration: Sendable, Equatable {
  /// The family's canonical name: `llama`, `mistral`, `qwen2`, `qwen3`, `gpt2`, `gemma3_text`, `olmo2`, `phi3`,
  /// `gpt_oss`; for any other the file's own word, so that a refusal can name it.
  package var architecture: String
  package var layers: Int
  /// Width of the residual stream.
  package var hiddenSize: Int
  /// Width inside the MLP; of one expert, where there are experts.
  package var intermediateSize: Int
  package var heads: Int
  package var keyValueHeads: Int
  package var headDimension: Int
  package var vocabularySize: Int
  /// Positions the model was trained for.
  package var contextLength: Int
  package var normEpsilon: Double
  /// What is added to every stored norm weight: 1 in Gemma's Hugging Face files, else 0.
  package var normWeightOffset: Float
  /// Rotary positions of full-attention layers; nil where positions are learned (gpt2).
  package var rope: RopeConfiguration?
  /// Rotary positions of sliding layers where they differ (gemma3).
  package var slidingRope: RopeConfiguration?
  /// True where the rows of q and k are stored so that elements 2i and 2i+1 rotate together (GGUF of the llama
  /// family), false where i and i + half do.
  package var interleavedRotation: Bool
  /// Keys a sliding layer sees, its own position included.
  package var slidingWindow: Int?
  /// One entry a layer.
  package var attentionSpans: [AttentionSpan]
  package var tiedEmbeddings: Bool
  /// What the configuration says about biases; the tensors decide.
  package var attentionBias: Bool
  package var mlpBias: Bool
  package var activation: Activation
  /// Experts in each layer; 0 in a dense model.
  package var experts: Int
  package var expertsPerToken: Int
  /// Clamp of the gated activation (gpt_oss).
  package var swigluLimit: Float?
  package var attentionLogitSoftcap: Float?
  package var finalLogitSoftcap: Float?
  /// Queries are scaled by its inverse square root instead of the head dimension's (gemma3).
  package var queryPreAttentionScalar: Double?
  /// Embeddings are multiplied by it (gemma3: √hiddenSize), else 1.
  package var embeddingScale: Float
  package var beginTokens: [Int]
  /// Tokens that end a generation.
  package var endTokens: [Int]

  /// Which keys a layer's queries see.
  package enum AttentionSpan: String, Sendable, Equatable { case full, sliding }

  package enum Activation: String, Sendable, Equatable {
    case silu
    /// With the error function.
    case gelu
    /// The approximation with tanh.
    case geluTanh
    case relu
  }

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
