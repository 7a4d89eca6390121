internal import Checkpoints
internal import Hub

extension PullError {
  /// What happened, and what to do.
  var sentence: String {
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
