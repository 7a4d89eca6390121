/// Who is told how fetching goes, as facts.
package protocol PullObserver: Sendable {
  /// Something happened that is worth a line.
  func note(_ news: PullNews)
  /// A file of `total` bytes begins, of which `done` are there.
  func begin(_ name: String, total: Int, done: Int)
  /// So many bytes of the file are there now.
  func update(_ done: Int)
  /// The file is there and right.
  func finish()
}

/// What happens besides the files' bytes.
package enum PullNews: Sendable, Equatable {
  case lookingUp(repository: String, revision: String)
  case fetchingPackage(String, version: String)
  case unpacking(String)
  /// Nothing had to be fetched.
  case alreadyThere(path: String, commit: String?)
}
