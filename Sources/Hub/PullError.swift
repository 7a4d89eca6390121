package import Checkpoints

/// Why a model could not be fetched, as facts.
package enum PullError: Error, Equatable {
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
