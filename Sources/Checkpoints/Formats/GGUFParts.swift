/// A GGUF model that lies in one file or in several.
///
/// Of several, the first holds the metadata and every one its number (`split.no`), how many they are (`split.count`) and
/// how many tensors all hold together (`split.tensors.count`). Nothing in a part names its model, so a part of
/// another model is found out by these numbers and by tensors that are there twice or not at all.
struct GGUFParts {
  /// The first file's metadata with the tensors of all.
  let whole: GGUFFile
  /// Every file, in order.
  let mappings: [Mapping]

  /// Files that a model may be cut into.
  static let limit = 4_096

  /// - Parameter path: the file, or any of the parts.
  init(_ path: String) throws(CheckpointError) {
    let named = try GGUFFile(try Mapping(path: path))
    guard let count = try named.split("split.count"), count > 1 else {
      whole = named
      mappings = [named.mapping]
      return
    }
    guard count <= Self.limit else {
      throw named.wrong("split.count", "at most \(Self.limit) parts", "\(count)")
    }
    guard let name = GGUFPartName(path), name.count == count else {
      throw named.wrong(
        "split.count", "the file's name to end in -00001-of-\(count) or alike, as its parts' do",
        "\(count) parts")
    }
    var parts: [GGUFFile] = []
    for index in 0..<count {
      let part =
        index == name.index ? named : try GGUFFile(try Self.mapping(name.part(index), of: count))
      try Self.check(part, index: index, count: count)
      parts.append(part)
    }
    whole = try Self.joined(parts)
    mappings = parts.map(\.mapping)
  }

  private static func mapping(_ path: String, of count: Int) throws(CheckpointError) -> Mapping {
    guard Fence.kind(of: path) != .nothing else {
      throw CheckpointError(
        .missing, file: path, .file, expected: "all \(count) parts of the model in one folder",
        found: "no file of this name")
    }
    return try Mapping(path: path)
  }

  private static func check(_ part: GGUFFile, index: Int, count: Int) throws(CheckpointError) {
    let own = try part.split("split.count")
    guard own == count else {
      throw part.wrong("split.count", "\(count), as the other parts say", own.map(String.init))
    }
    let number = try part.split("split.no")
    guard number == index else {
      throw part.wrong(
        "split.no", "\(index), since the name says part \(index + 1)", number.map(String.init))
    }
  }

  private static func joined(_ parts: [GGUFFile]) throws(CheckpointError) -> GGUFFile {
    let first = parts[0]
    let total = try first.split("split.tensors.count")
    var holders: [String: String] = [:]
    for part in parts {
      let own = try part.split("split.tensors.count")
      guard own == total else {
        throw part.wrong(
          "split.tensors.count", "\(total.map(String.init) ?? "none"), as in the first part",
          own.map(String.init))
      }
      if let family = part.fields["general.architecture"],
        family != first.fields["general.architecture"]
      {
        throw part.wrong("general.architecture", "the first part's", "another")
      }
      for entry in part.tensors {
        guard let other = holders.updateValue(part.mapping.path, forKey: entry.name) else {
          continue
        }
        throw entry.wrong(.damaged, "every name in one part", "it also in \(other)")
      }
    }
    let tensors = parts.flatMap(\.tensors)
    if let total, total != tensors.count {
      throw first.wrong(
        "split.tensors.count", "\(total) tensors in all parts together", "\(tensors.count)")
    }
    return GGUFFile(
      mapping: first.mapping, version: first.version, fields: first.fields, tensors: tensors)
  }
}

extension GGUFFile {
  /// One of the counts that parts carry; nil where the file has none.
  fileprivate func split(_ key: String) throws(CheckpointError) -> Int? {
    switch fields[key] {
    case nil: return nil
    case .integer(let value) where value >= 0: return value
    case .integer(let value): throw wrong(key, "an integer from 0", "\(value)")
    case .some(let other): throw wrong(key, "an integer", other.kind)
    }
  }

  fileprivate func wrong(_ key: String, _ expected: String, _ found: String?) -> CheckpointError {
    CheckpointError(
      .damaged, file: mapping.path, .field(key), expected: expected, found: found ?? "none")
  }
}
