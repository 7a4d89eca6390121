internal import Checkpoints
internal import Foundation

/// Fetches a model from a repository: lists it, chooses its files, fetches what is missing, opens the result.
package struct HubPull {
  let address: HubAddress
  /// One file of the repository, or nil for its only model.
  let file: String?
  /// Where models are kept.
  let folder: String
  let token: String?
  /// The name that the server is told (`User-Agent`).
  let agent: String
  let progress: any PullObserver
  /// What is waited after a first failure; doubled after each further one.
  var pause: Duration = .seconds(1)

  package init(
    address: HubAddress, file: String?, folder: String, token: String?, agent: String,
    progress: any PullObserver
  ) {
    self.address = address
    self.file = file
    self.folder = folder
    self.token = token
    self.agent = agent
    self.progress = progress
  }

  /// - Parameter force: fetches again what is there already.
  /// - Throws: `PullError`, or `CancellationError`.
  package func run(force: Bool) async throws -> PulledModel {
    var client = HubClient(token: token, agent: agent)
    client.pause = pause
    progress.note(.lookingUp(repository: address.repository, revision: address.revision))
    let listing = try await HubCatalogue(address: address, client: client).listing()
    let files = try listing.selection(file, repository: address.repository)
    let home = "\(folder)/\(address.folderName)"
    try PullFiles.createFolder(home)
    var record = force ? PullRecord() : PullRecord.read(home)
    let missing = files.filter { !record.holds($0, in: home) }
    try PullFiles.requireRoom(missing.reduce(0) { $0 &+ $1.size }, in: home)
    for file in missing {
      try await HubDownload(
        file: file,
        url: "\(address.endpoint)/\(address.repository)/resolve/\(listing.commit)/\(file.name)",
        folder: home, client: client, progress: progress
      ).run()
      record.identities[file.name] = file.identity
      try record.write(home)
    }
    if missing.isEmpty { progress.note(.alreadyThere(path: home, commit: listing.commit)) }
    return try opened(home, files)
  }

  private func opened(_ home: String, _ files: [HubFile]) throws -> PulledModel {
    let gguf = files.first { $0.name.hasSuffix(".gguf") }
    let path = gguf.map { "\(home)/\($0.name)" } ?? home
    do throws(CheckpointError) { _ = try Checkpoint.open(path) } catch {
      throw PullError.checkpoint(error)
    }
    return PulledModel(path: path, name: gguf == nil ? address.folderName : path)
  }
}

/// What was fetched: where it lies, and the name that `--model` finds it by.
package struct PulledModel: Equatable, Sendable {
  package let path: String
  package let name: String
}

/// Which contents a folder of a fetched model holds, kept beside them.
struct PullRecord: Codable, Equatable {
  /// File to its identity on the server.
  var identities: [String: String] = [:]

  private static let name = ".pulled.json"

  static func read(_ folder: String) -> PullRecord {
    guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)"),
      let record = try? JSONDecoder().decode(PullRecord.self, from: data)
    else { return PullRecord() }
    return record
  }

  func write(_ folder: String) throws {
    let path = "\(folder)/\(Self.name)"
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
      try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch { throw PullError.file(path: path, error.localizedDescription) }
  }

  /// True if the file was fetched whole with this content.
  func holds(_ file: HubFile, in folder: String) -> Bool {
    identities[file.name] == file.identity && PullFiles.size("\(folder)/\(file.name)") == file.size
  }
}
