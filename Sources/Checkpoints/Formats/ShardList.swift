internal import JSON

/// Which `.safetensors` files of a folder make up the model.
struct ShardList {
  let directory: String
  /// Plain names inside the directory.
  let files: [String]
  /// Tensor to file, where an index says so.
  let index: [String: String]

  private static let indexName = "model.safetensors.index.json"

  /// - Parameter path: the folder, or one of its `.safetensors` files.
  init(_ path: String) throws(CheckpointError) {
    if Fence.kind(of: path) == .directory {
      directory = path
      (files, index) = try Self.inside(path)
      return
    }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let name = String(parts.last ?? "")
    directory = parts.count > 1 ? parts.dropLast().joined(separator: "/") : "."
    let all = try Self.inside(directory)
    if all.files.contains(name), !all.index.isEmpty {
      (files, index) = all
    } else {
      (files, index) = ([name], [:])
    }
  }

  private static func inside(_ directory: String) throws(CheckpointError)
    -> (files: [String], index: [String: String])
  {
    let names = try Fence.names(in: directory)
    if names.contains(indexName) {
      let index = try readIndex(directory + "/" + indexName)
      return (Set(index.values).sorted(), index)
    }
    let candidates = names.filter { $0.hasSuffix(".safetensors") }
    if candidates.contains("model.safetensors") { return (["model.safetensors"], [:]) }
    guard candidates.count == 1 else {
      throw CheckpointError(
        candidates.isEmpty ? .missing : .unsupported, file: directory, .file,
        expected: "model.safetensors, or shards with \(indexName)",
        found: candidates.isEmpty ? "no .safetensors file" : "\(candidates.count) files, no index")
    }
    return (candidates, [:])
  }

  /// Reads `weight_map`, in which no file's name may lead out of the folder.
  private static func readIndex(_ path: String) throws(CheckpointError) -> [String: String] {
    let mapping = try Mapping(path: path)
    var json = try JSONFile.scanner(mapping)
    var index: [String: String] = [:]
    var shards: Set<String> = []
    try json.members { (json: inout JSONReader, key: String) throws(CheckpointError) in
      guard key == "weight_map" else { return try json.skip() }
      try json.members { (json: inout JSONReader, tensor: String) throws(CheckpointError) in
        let place = json.offset
        let file = try json.string()
        guard !file.isEmpty, !file.contains("/"), !file.contains("\0"), file != ".", file != "..",
          file.hasSuffix(".safetensors")
        else {
          throw CheckpointError(
            .damaged, file: path, .field("weight_map"),
            expected: "names of .safetensors files in the same folder", found: "'\(file)'",
            offset: place)
        }
        shards.insert(file)
        index[TensorNames.canonical(tensor)] = file
        guard shards.count <= SafetensorsFormat.shardLimit,
          index.count <= SafetensorsFile.tensorLimit
        else { throw json.fault("a sane number of tensors and files", found: "more") }
      }
    }
    try json.end()
    guard !index.isEmpty else {
      throw CheckpointError(
        .damaged, file: path, .field("weight_map"), expected: "tensors and their files",
        found: "none")
    }
    return index
  }

  /// Every tensor of the index must lie in the file the index says.
  func check(_ opened: [SafetensorsFile]) throws(CheckpointError) {
    var held: [String: Set<String>] = [:]
    for (name, file) in zip(files, opened) { held[name] = Set(file.tensors.map(\.name)) }
    for (tensor, file) in index.sorted(by: { $0.key < $1.key })
    where held[file]?.contains(tensor) != true {
      throw CheckpointError(
        .missing, file: directory + "/" + file, .tensor(tensor),
        expected: "the tensor that \(Self.indexName) places here", found: "none")
    }
  }
}
