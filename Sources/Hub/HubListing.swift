internal import Checkpoints
internal import Foundation

/// A file of a repository.
struct HubFile: Equatable {
  let name: String
  let size: Int
  /// Its content's identity on the server: SHA-256 of large files, git's hash of small ones.
  let identity: String
  /// Large files are stored by SHA-256, which is checked; nil for small ones.
  let sha256: String?
}

/// What a repository holds at a commit.
struct HubListing: Equatable {
  let commit: String
  /// Plain files at the top, by name; folders and odd names are left out.
  let files: [HubFile]

  /// The files that make up one model.
  ///
  /// - Parameters:
  ///   - file: the one asked for; nil to take the repository's only model.
  ///   - repository: its name, for refusals.
  func selection(_ file: String?, repository: String) throws(PullError) -> [HubFile] {
    if let file {
      guard let found = files.first(where: { $0.name == file }) else {
        throw .chooseFile(repository: repository, files: files.map(\.name))
      }
      return parts(of: found)
    }
    let weights = files.filter(Self.isWeights)
    if !weights.isEmpty {
      return files.filter { Self.isWeights($0) || Self.companions.contains($0.name) }
    }
    let ggufs = files.filter { $0.name.hasSuffix(".gguf") }
    guard !ggufs.isEmpty else {
      throw .noWeights(repository: repository, files: files.map(\.name))
    }
    let models = ggufs.filter { (GGUFPartName($0.name)?.index ?? 0) == 0 }
    guard let model = models.first, models.count == 1 else {
      throw .chooseFile(repository: repository, files: ggufs.map(\.name))
    }
    return parts(of: model)
  }

  /// A GGUF file with the others of its model, where it is split; the first part comes first.
  private func parts(of file: HubFile) -> [HubFile] {
    guard let name = GGUFPartName(file.name) else { return [file] }
    return files.filter {
      let other = GGUFPartName($0.name)
      return other?.prefix == name.prefix && other?.count == name.count
    }.sorted { $0.name < $1.name }
  }

  /// Weights as transformers and mlx-lm name them; OpenAI's `consolidated` doubles are left out.
  private static func isWeights(_ file: HubFile) -> Bool {
    file.name.hasSuffix(".safetensors") && file.name.hasPrefix("model")
  }

  private static let companions: Set<String> = [
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
    "special_tokens_map.json", "chat_template.jinja", "model.safetensors.index.json",
  ]
}

/// The server's interface for what a repository holds.
struct HubCatalogue {
  let address: HubAddress
  let client: HubClient

  /// Commits and pages of files that a catalogue may have.
  static let pageLimit = 20

  func listing() async throws -> HubListing {
    let base = "\(address.endpoint)/api/models/\(address.repository)"
    let info: Info = try await decode(
      try await client.body(of: "\(base)/revision/\(address.revision)"))
    guard PullTarget.isPlain(info.sha) else {
      throw PullError.badAnswer(url: base, "a commit can't be called '\(info.sha.prefix(80))'")
    }
    var files: [HubFile] = []
    var next: String? = "\(base)/tree/\(info.sha)"
    var pages = 0
    while let url = next, pages < Self.pageLimit {
      let answer = try await client.body(of: url)
      let entries: [Entry] = try await decode(answer)
      files += entries.compactMap(Self.file)
      next = answer.next.flatMap { $0.hasPrefix(address.endpoint + "/") ? $0 : nil }
      pages += 1
    }
    return HubListing(commit: info.sha, files: files.sorted { $0.name < $1.name })
  }

  private static func file(_ entry: Entry) -> HubFile? {
    guard entry.type == "file", PullTarget.isPlain(entry.path), PullTarget.isPlain(entry.oid)
    else { return nil }
    guard let large = entry.lfs else {
      guard entry.size >= 0 else { return nil }
      return HubFile(name: entry.path, size: entry.size, identity: entry.oid, sha256: nil)
    }
    guard large.size >= 0, PullTarget.isPlain(large.oid) else { return nil }
    return HubFile(
      name: entry.path, size: large.size, identity: large.oid, sha256: large.oid.lowercased())
  }

  private func decode<Value: Decodable>(_ answer: HubClient.Answer) async throws -> Value {
    do { return try JSONDecoder().decode(Value.self, from: answer.body) } catch {
      throw PullError.badAnswer(url: answer.url, "no listing of a repository")
    }
  }

  private struct Info: Decodable { let sha: String }

  private struct Entry: Decodable {
    let type: String
    let path: String
    let oid: String
    let size: Int
    let lfs: Large?

    struct Large: Decodable {
      let oid: String
      let size: Int
    }
  }
}
