/// A model's files, opened: its configuration, its tensors by name, its tokenizer's whereabouts.
///
/// The files stay mapped as long as the checkpoint or any matrix made from it lives. Nothing is converted when
/// it is opened.
package struct Checkpoint: Sendable {
  package enum Format: String, Sendable { case gguf, safetensors, mlx }

  package let format: Format
  /// As it was given to ``open(_:)``.
  package let path: String
  /// Of all weight files together.
  package let fileBytes: Int
  /// What ``ModelIdentity`` is made of: `config.json` where there is one, then the weight files in order,
  /// then those of the adapter.
  package internal(set) var files: [FileStamp]
  package internal(set) var configuration: ModelConfiguration
  /// The Jinja template that lays out a conversation, where the checkpoint has one.
  package let chatTemplate: String?
  package let tokenizer: TokenizerSource
  /// What the weights are stored as, in the field's words: "Q4_1", "MLX 4-bit g32", "MXFP4", "BF16".
  package let quantization: String?
  /// Numbers of the model, not of its files: scales, masks and packed words counted for what they mean.
  package var parameterCount: Int {
    tensors.values.reduce(0) { $0 + coding(of: $1).parameters }
  }
  /// SHA-256 (hex) over sizes, tensor tables and a sample of every tensor; see ``ContentHash``.
  ///
  /// A fingerprint at no cost; the identity is ``ModelIdentity``.
  package internal(set) var contentHash: String

  /// In the files' order.
  package internal(set) var tensorNames: [String]
  var tensors: TensorTable
  let mlx: MLXQuantization?
  /// True where gpt2's matrices lie input-first, as only Hugging Face keeps them.
  let isInputFirst: Bool
  /// What is added to some of the matrices; nil for the model as it is.
  package internal(set) var adapter: Adapter?

  /// True for one of ``openVocabulary(_:)``.
  package var isVocabularyOnly: Bool { tensorNames.isEmpty && files.isEmpty }

  /// What a tensor's file says about it; nil where there is none of that name.
  package func tensor(_ name: String) -> TensorEntry? { tensors.peek(name) }

  func missing(_ name: String) -> CheckpointError {
    CheckpointError(
      .missing, file: path, .tensor(name), expected: "a tensor of this name", found: "none")
  }
}

/// A way to lay a model into files.
protocol WeightFormat: SendableMetatype {
  /// True if this is what lies at the path; looks at names and first bytes only.
  static func recognises(_ path: String) throws(CheckpointError) -> Bool
  static func open(_ path: String) throws(CheckpointError) -> Checkpoint
  /// True if a tokenizer of this format lies at the path, whether weights do or not.
  static func holdsVocabulary(_ path: String) throws(CheckpointError) -> Bool
  static func openVocabulary(_ path: String) throws(CheckpointError) -> Checkpoint
}

extension Checkpoint {
  /// Opens a GGUF file, a Hugging Face or MLX folder, a `.safetensors` file beside its `config.json`, or a folder
  /// that holds exactly one GGUF file.
  ///
  /// - Throws: ``CheckpointError`` naming the file and the field or tensor that is wrong; before it does, nothing
  ///   larger than the files themselves was allocated.
  package static func open(_ path: String) throws(CheckpointError) -> Checkpoint {
    if Fence.kind(of: path) == .nothing {
      throw CheckpointError(
        .missing, file: path, .file, expected: "a file or folder", found: "nothing")
    }
    for format in WeightFormats.all where try format.recognises(path) {
      return try format.open(path)
    }
    throw CheckpointError(
      .unsupported, file: path, .file,
      expected: "a GGUF file, or a folder with config.json and .safetensors files",
      found: "neither")
  }

  /// Opens the tokenizer and the chat template alone: no weights are looked for, and of the configuration only the
  /// family's name, its sizes as far as they are there, and what ends a text.
  ///
  /// The path is as in ``open(_:)``, or a folder with no more than a `tokenizer.json`.
  package static func openVocabulary(_ path: String) throws(CheckpointError) -> Checkpoint {
    for format in WeightFormats.all where try format.holdsVocabulary(path) {
      return try format.openVocabulary(path)
    }
    throw CheckpointError(
      .missing, file: path, .file, expected: "a GGUF file, or a folder with tokenizer.json",
      found: "neither")
  }
}
