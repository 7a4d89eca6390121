package import JSON

/// What heads of a model were found to be, kept beside the recordings under the model's digest.
package struct HeadsFile: Hashable, Sendable {
  private static let ending = ".heads.json"

  private let folder: String
  private let name: String

  /// - Returns: nil for a digest that could name something else.
  package init?(in folder: RecordingFolder, digest: String) {
    guard digest.isPlainFileName else { return nil }
    self.folder = folder.path
    name = digest + Self.ending
  }

  /// What is kept; nil where nothing is, or what is there is no object.
  package func read() -> JSONValue? {
    guard let file = try? RecordingFile(path: "\(folder)/\(name)", .read(followsLinks: false)),
      let size = try? file.size(), size <= Self.limit,
      let bytes = try? file.read(at: 0, count: size),
      let value = try? JSONValue(parsing: bytes), value.members != nil
    else { return nil }
    return value
  }

  /// Bytes that are read at most.
  private static let limit = 64 << 20

  /// Keeps it as a whole or not at all.
  package func write(_ bytes: [UInt8]) throws(RecordingError) {
    try makeFolder(folder)
    let place = "\(folder)/\(name)"
    let part = try RecordingFile(path: place + HarvestFolder.part, .extend)
    try part.truncate(to: 0)
    try part.write(bytes, at: 0)
    try part.synchronise()
    try renameFile(place + HarvestFolder.part, to: place)
  }
}
