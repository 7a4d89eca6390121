internal import Checkpoints
package import Hooks
internal import Models
package import Tokenizers

/// A model that is in memory: its facts, its tokenizer, its chat format, its hook points.
///
/// - Ownership: runs hold it; unloading only takes it off the list, so a run in progress ends in peace.
package final class LoadedModel: Sendable {
  package let info: ModelInfo
  package let tokenizer: Tokenizer
  /// How messages become a prompt, or why they can't: a template that this program can't read.
  package let chat: Result<ChatFormat, ChatFormatError>
  package let catalogue: HookCatalogue
  /// Nil where only the vocabulary was loaded.
  let model: LanguageModel?
  /// What recordings know the model by.
  package let digest: ModelDigest
  private let files: WeightFiles
  let constraints = ConstraintStore()

  init(
    info: ModelInfo, tokenizer: Tokenizer, chat: Result<ChatFormat, ChatFormatError>,
    catalogue: HookCatalogue,
    model: LanguageModel?, digest: ModelDigest, files: WeightFiles
  ) {
    self.info = info
    self.tokenizer = tokenizer
    self.chat = chat
    self.catalogue = catalogue
    self.model = model
    self.digest = digest
    self.files = files
  }

  /// Why nothing that is computed with the weights counts any more: somebody cut or wrote over a file.
  ///
  /// The weights lie in mapped files, whose lost pages read as zeros.
  var fault: EngineError? { files.changes().map(EngineError.checkpoint) }
}
