package import JSON

/// The folder that harvests live in: a folder for each, whose name is the harvest's.
///
/// In it are `harvest.json` (what was asked for), `tokens.safetensors` (the ids of all prompts and where each begins), the
/// shards, and at the end the index. Nothing in it is followed that is a link.
package struct HarvestFolder: Hashable, Sendable {
  package static let facts = "harvest.json"
  package static let tokens = "tokens.safetensors"
  package static let index = "harvest.safetensors.index.json"
  /// An empty file that says that others than its key may see it; no file that clients can name.
  private static let mark = ".shared"
  /// What files are called until they are whole.
  static let part = ".part"

  package let path: String

  package init(path: String) { self.path = path }

  /// Where a harvest is, or would be.
  package func folder(of name: String) throws(HarvestFileError) -> String {
    guard name.isPlainFileName else { throw .name(String(name.prefix(128))) }
    return path + "/" + name
  }

  /// The names of all harvests, in order.
  package func names() throws(HarvestFileError) -> [String] {
    guard isFolder(path) else { return [] }
    let names = try harvesting(path) { () throws(RecordingError) in try namesInFolder(path) }
    return names.filter { $0.isPlainFileName && isRegularFile("\(path)/\($0)/\(Self.facts)") }
      .sorted()
  }

  /// A harvest's files and their bytes, in order.
  package func files(of name: String) throws(HarvestFileError) -> [(name: String, bytes: Int)] {
    let folder = try existing(name)
    let names = try harvesting(folder) { () throws(RecordingError) in try namesInFolder(folder) }
    return names.sorted().filter { $0 != Self.mark }.compactMap { file in
      fileStatus("\(folder)/\(file)").map { (file, $0.bytes) }
    }
  }

  /// Bytes of all harvests' files but one's.
  package func used(except name: String) throws(HarvestFileError) -> [String: Int] {
    var used: [String: Int] = [:]
    for other in try names() where other != name {
      used[other] = try files(of: other).reduce(0) { $0 + $1.bytes }
    }
    return used
  }

  /// What was asked for.
  package func facts(of name: String) throws(HarvestFileError) -> JSONValue {
    let bytes = try contents(of: name, Self.facts)
    guard let facts = try? JSONValue(parsing: bytes), facts.members != nil else {
      throw .notAHarvest(path: "\(path)/\(name)")
    }
    return facts
  }

  /// A whole file of a harvest.
  package func contents(
    of name: String, _ file: String
  ) throws(HarvestFileError) -> [UInt8] {
    let copy = try copy(of: name, file)
    return try copy.bytes(at: 0, count: copy.byteCount)
  }

  /// A file of a harvest, to be read in pieces.
  package func copy(of name: String, _ file: String) throws(HarvestFileError) -> HarvestCopy {
    let folder = try existing(name)
    guard file.isPlainFileName, !file.hasSuffix(Self.part), isRegularFile("\(folder)/\(file)")
    else {
      throw .notFound("\(name)/\(file.prefix(128))")
    }
    return try harvesting(folder) { () throws(RecordingError) in
      try HarvestCopy(path: "\(folder)/\(file)")
    }
  }

  /// Removes a harvest: the files that harvests have, and its folder where nothing else is in it.
  package func remove(_ name: String) throws(HarvestFileError) {
    let folder = try existing(name)
    // Without its facts it is no harvest any more, so they go last.
    let names = try files(of: name).map(\.name).filter { $0 != Self.facts } + [Self.facts]
    try harvesting(folder) { () throws(RecordingError) in
      for file in names where Self.isOurs(file) { try removeFile("\(folder)/\(file)") }
      try setMark("\(folder)/\(Self.mark)", false)
      try removeFolder(folder)
    }
  }

  /// Whether others than its key may see a harvest.
  package func isShared(_ name: String) -> Bool {
    (try? existing(name)).map { isRegularFile("\($0)/\(Self.mark)") } ?? false
  }

  /// Lets others see a harvest, or its key alone.
  package func share(_ name: String, _ isShared: Bool) throws(HarvestFileError) {
    let folder = try existing(name)
    try harvesting(folder) { () throws(RecordingError) in
      try setMark("\(folder)/\(Self.mark)", isShared)
    }
  }

  private static func isOurs(_ file: String) -> Bool {
    [facts, tokens, index].flatMap { [$0, $0 + part] }.contains(file)
      || (file.hasPrefix("harvest-")
        && (file.hasSuffix(".safetensors") || file.hasSuffix(".safetensors" + part)))
  }

  /// The folder of a harvest that is there.
  private func existing(_ name: String) throws(HarvestFileError) -> String {
    let folder = try folder(of: name)
    guard isFolder(folder), isRegularFile("\(folder)/\(Self.facts)") else { throw .notFound(name) }
    return folder
  }

  /// Makes a harvest's folder, or finds it with the same facts and tokens.
  ///
  /// - Parameter same: members of the facts that may not differ.
  /// - Returns: its path.
  func open(
    _ name: String, facts: JSONValue, tokens: [UInt8], same: [String]
  ) throws(HarvestFileError) -> String {
    let folder = try folder(of: name)
    if isRegularFile("\(folder)/\(Self.facts)"), isFolder(folder) {
      let known = try self.facts(of: name)
      for member in same where known[member] != facts[member] {
        throw .differs(name: name, member: member)
      }
      if try contents(of: name, Self.tokens) != tokens {
        throw .differs(name: name, member: "tokens")
      }
      return folder
    }
    try harvesting(path) { () throws(RecordingError) in try makeFolder(path) }
    try harvesting(folder) { () throws(RecordingError) in try makeOwnFolder(folder) }
    try write(tokens, Self.tokens, in: folder)
    try write(Array(facts.json(.compact).utf8), Self.facts, in: folder)
    return folder
  }

  /// Writes a file that is there as a whole or not at all.
  func write(
    _ bytes: [UInt8], _ file: String, in folder: String
  ) throws(HarvestFileError) {
    let place = "\(folder)/\(file)"
    try harvesting(folder) { () throws(RecordingError) in
      let part = try RecordingFile(path: place + Self.part, .extend)
      try part.truncate(to: 0)
      try part.write(bytes, at: 0)
      try part.synchronise()
      try renameFile(place + Self.part, to: place)
    }
  }
}

/// A file of a harvest that is read in pieces.
package final class HarvestCopy: Sendable {
  private let file: RecordingFile
  package let byteCount: Int

  init(path: String) throws(RecordingError) {
    file = try RecordingFile(path: path, .read(followsLinks: false))
    byteCount = try file.size()
  }

  /// The bytes at a place, fewer only at the file's end.
  package func bytes(at offset: Int, count: Int) throws(HarvestFileError) -> [UInt8] {
    try harvesting(file.path) { () throws(RecordingError) in
      try file.read(at: offset, count: min(count, max(byteCount - offset, 0)))
    }
  }
}
