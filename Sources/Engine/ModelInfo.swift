package import Tokenizers

/// What is known of a loaded model, for listings and recordings.
package struct ModelInfo: Sendable, Equatable {
  package let id: String
  package let path: String
  /// The family's canonical name, such as `llama` or `gpt_oss`.
  package let family: String
  /// `gguf`, `safetensors` or `mlx`.
  package let format: String
  package let layers: Int
  package let hiddenSize: Int
  package let vocabularySize: Int
  package let heads: Int
  package let keyValueHeads: Int
  package let headDimension: Int
  package let experts: Int
  /// Positions a session can hold: the smaller of what the model was made for and what was asked at load.
  package let contextLength: Int
  /// How the weights are stored (`Q4_1`, `BF16`, `MLX 4-bit g32`); nil where they are plain float32.
  package let quantization: String?
  package let parameterCount: Int
  package let fileBytes: Int
  /// What is known of the weights at once (``Checkpoints/Checkpoint/contentHash``): recordings made before
  /// ``LoadedModel/digest`` was used hold it.
  package let sampleHash: String
  package let tokenizerHash: String
  /// Seconds since 1970 when it was loaded.
  package let created: Int
  /// What products do with activations: what is done, whatever was asked for.
  package let precision: ModelPrecision
  /// True where only the tokenizer and the chat template were loaded; sizes are then what the files say, or 0.
  package let isVocabularyOnly: Bool
  /// Tokens that end a text, ascending.
  package let endTokens: [Token]
  /// How the model's makers would have tokens drawn; nil where the files do not say.
  package let sampling: ModelSampling?
  package let remarks: ModelRemarks
  /// What it was loaded with; nil for the model as it is.
  package let adapter: ModelAdapter?
}
