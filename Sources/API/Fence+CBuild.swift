internal import CBuild

extension Version {
  /// The commit that was built, with a plus sign where files differed from it; nil where the sources had no history.
  package static let commit: String? = {
    let commit = String(cString: neuroscope_commit())
    return commit.isEmpty ? nil : commit
  }()
}
