/// Why a checkpoint can't be used, as facts for the operator who has to act.
///
/// Everything in it is quoted from outside, so the texts are cut to a sane length and their control
/// characters replaced before they reach a terminal or a log.
package struct CheckpointError: Error, Sendable, Equatable {
  /// What kind of trouble it is; callers branch on this and never on text.
  package enum Kind: Sendable, Equatable {
    /// Nothing is there by that name.
    case missing
    /// The operating system refuses to hand it over.
    case unreadable
    /// The bytes contradict the format's rules.
    case damaged
    /// Well formed, but not what the configuration or the caller asks for.
    case mismatch
    /// Well formed, but nothing this program can run.
    case unsupported
  }

  /// What the facts are about.
  package enum Subject: Sendable, Equatable {
    case file
    case field(String)
    case tensor(String)
  }

  package let kind: Kind
  /// Path of the file, or of the checkpoint where several files speak together.
  package let file: String
  package let subject: Subject
  package let expected: String
  package let found: String
  /// Bytes from the start of the file, where a place can be named.
  package let offset: Int?

  package init(
    _ kind: Kind, file: String, _ subject: Subject, expected: String, found: String,
    offset: Int? = nil
  ) {
    self.kind = kind
    self.file = Self.quotable(file, limit: 4096)
    self.subject = subject.quotable
    self.expected = Self.quotable(expected)
    self.found = Self.quotable(found)
    self.offset = offset
  }

  /// The first characters of a text from outside, without control characters.
  static func quotable(_ text: String, limit: Int = 200) -> String {
    var result = ""
    for (index, scalar) in text.unicodeScalars.enumerated() {
      if index == limit { return result + "…" }
      let isControl = scalar.properties.generalCategory == .control
      result.unicodeScalars.append(isControl ? "\u{FFFD}" : scalar)
    }
    return result
  }
}

extension CheckpointError.Subject {
  fileprivate var quotable: Self {
    switch self {
    case .file: .file
    case .field(let name): .field(CheckpointError.quotable(name))
    case .tensor(let name): .tensor(CheckpointError.quotable(name))
    }
  }
}

extension CheckpointError: CustomStringConvertible {
  /// The one sentence made of these facts.
  package var description: String {
    let what =
      switch subject {
      case .file: ""
      case .field(let name): " field '\(name)':"
      case .tensor(let name): " tensor '\(name)':"
      }
    let place = offset.map { " (at byte \($0))" } ?? ""
    return "\(file):\(what) expected \(expected), found \(found)\(place)"
  }
}
