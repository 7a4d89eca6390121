internal import Checkpoints
internal import Tokenizers

extension EngineError {
  /// What is wrong in a model's files, for those who tell the operator and don't read checkpoints.
  package struct FileFault: Sendable, Equatable {
    package let file: String
    /// The field or tensor; nil where the whole file is meant.
    package let subject: String?
    package let isTensor: Bool
    package let expected: String
    package let found: String
    /// Bytes from the beginning of the file, where a place can be named.
    package let offset: Int?
    /// Nothing is there by that name.
    package let isMissing: Bool
    /// All of it in one line.
    package let text: String
  }

  /// The fault in the model's files, where that is what happened.
  package var fileFault: FileFault? {
    switch self {
    case .checkpoint(let error):
      let (subject, isTensor): (String?, Bool) =
        switch error.subject {
        case .file: (nil, false)
        case .field(let name): (name, false)
        case .tensor(let name): (name, true)
        }
      return FileFault(
        file: error.file, subject: subject, isTensor: isTensor, expected: error.expected,
        found: error.found, offset: error.offset, isMissing: error.kind == .missing,
        text: error.description)
    case .tokenizer(let error):
      return FileFault(
        file: error.file, subject: error.field, isTensor: false, expected: error.expected,
        found: error.found, offset: error.offset, isMissing: false, text: error.description)
    default: return nil
    }
  }
}
