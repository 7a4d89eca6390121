internal import Checkpoints

/// Why a model could not be fetched, as facts.
enum PullError: Error, Equatable {
  /// Neither a known name nor an address.
  case notAModel(String, known: [String])
  /// The command that fetches packages failed, or is not there.
  case command(String, status: Int32)
  /// The server answers with a refusal.
  case refused(url: String, status: Int, hasToken: Bool)
  /// The server's answer can't be understood.
  case badAnswer(url: String, String)
  /// The network failed as often as was tolerated.
  case network(url: String, attempts: Int, String)
  /// A repository without weights that can be run, or with a choice to make.
  case noWeights(repository: String, files: [String])
  case chooseFile(repository: String, files: [String])
  case wrongSize(file: String, expected: Int, found: Int)
  case wrongHash(file: String, expected: String, found: String)
  case noRoom(folder: String, needed: Int, free: Int)
  case file(path: String, String)
  case checkpoint(CheckpointError)
}

extension PullError: CustomStringConvertible {
  var description: String {
    switch self {
    case .notAModel(let text, let known):
      return
        "\(text) is no model: name a known one (\(known.joined(separator: ", "))), a repository "
        + "(org/name) or an address"
    case .command(let command, let status):
      return "\(command) failed with status \(status)"
    case .refused(let url, let status, let hasToken):
      return "\(url) answers \(status)" + Self.hint(status, hasToken: hasToken)
    case .badAnswer(let url, let what): return "\(url): \(what)"
    case .network(let url, let attempts, let reason):
      return "\(url): \(reason), after \(attempts) attempts; the same command goes on from here"
    case .noWeights(let repository, let files):
      return "\(repository) has neither .safetensors nor .gguf files, only \(Self.list(files))"
    case .chooseFile(let repository, let files):
      return "\(repository) holds several models; name one of its files: \(Self.list(files))"
    case .wrongSize(let file, let expected, let found):
      return "\(file): expected \(expected) bytes, found \(found)"
    case .wrongHash(let file, let expected, let found):
      return "\(file): expected SHA-256 \(expected), found \(found); the download was discarded"
    case .noRoom(let folder, let needed, let free):
      return "\(folder): \(Figures.bytes(needed)) are needed, \(Figures.bytes(free)) are free"
    case .file(let path, let reason): return "\(path): \(reason)"
    case .checkpoint(let error): return "what was fetched can't be used: \(error)"
    }
  }

  private static func hint(_ status: Int, hasToken: Bool) -> String {
    switch status {
    case 401, 403:
      hasToken
        ? ": the token in HF_TOKEN may not read it; has its owner granted access?"
        : ": a token is needed, in HF_TOKEN, or there is no such repository"
    case 404: ": there is no such repository, revision or file"
    case 429: ": too many requests; try again later"
    default: ""
    }
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(20).joined(separator: ", ") + (names.count > 20 ? " …" : "")
  }
}
