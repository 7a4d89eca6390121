/// Why a harvest cannot be kept, or found again.
package enum HarvestFileError: Error, Hashable, Sendable {
  /// The operating system refused: which call, its error number, on which file.
  case file(operation: String, errno: Int32, path: String)
  /// The disk has no room; what was written stays and can be gone on with.
  case diskFull(path: String)
  /// All harvests together would have more than they may have.
  case full(needed: Int, used: Int, limit: Int)
  /// The name is that of another harvest: which member of it differs.
  case differs(name: String, member: String)
  /// The name is that of another key's harvest.
  case ofAnotherKey(String)
  /// The name is being written.
  case running(name: String)
  /// The name could be that of something else in the file system.
  case name(String)
  /// There is no harvest of that name, or no such file of it.
  case notFound(String)
  /// Something stands there that no harvest has written.
  case notAHarvest(path: String)
  /// A tensor has another size than was planned.
  case unplanned(tensor: String)
}

extension HarvestFileError {
  /// The same of what the room's files tell.
  init(_ error: RecordingError, path: String) {
    self =
      switch error {
      case .file(let operation, let number, let path):
        .file(operation: operation, errno: number, path: path)
      case .diskFull(let path): .diskFull(path: path)
      default: .notAHarvest(path: path)
      }
  }
}

/// Does something with files and tells its errors as those of harvests.
func harvesting<Answer>(
  _ path: String, _ body: () throws(RecordingError) -> Answer
) throws(HarvestFileError) -> Answer {
  do { return try body() } catch { throw HarvestFileError(error, path: path) }
}
