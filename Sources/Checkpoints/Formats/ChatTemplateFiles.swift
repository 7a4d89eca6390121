internal import JSON

/// Where a Hugging Face folder keeps its chat template: a file of its own, or inside `tokenizer_config.json`.
enum ChatTemplateFiles {
  static let byteLimit = 1 << 20

  /// The template named `default` where there are several; nil where there is none.
  static func template(in directory: String) throws(CheckpointError) -> String? {
    let own = directory + "/chat_template.jinja"
    if Fence.kind(of: own) == .file {
      let mapping = try Mapping(path: own)
      guard mapping.count <= byteLimit else {
        throw CheckpointError(
          .unsupported, file: own, .file, expected: "at most \(byteLimit) bytes",
          found: "\(mapping.count)")
      }
      return mapping.withBytes { String(decoding: $0, as: UTF8.self) }
    }
    let config = directory + "/tokenizer_config.json"
    guard Fence.kind(of: config) == .file else { return nil }
    var json = try JSONFile.scanner(try Mapping(path: config))
    var template: String?
    try json.members { (json: inout JSONReader, key: String) throws(CheckpointError) in
      if key == "chat_template" { template = try read(&json) } else { try json.skip() }
    }
    try json.end()
    return template
  }

  /// A string, or `[{"name": …, "template": …}]`.
  private static func read(_ json: inout JSONReader) throws(CheckpointError) -> String? {
    if json.isNext("\"") { return try json.string() }
    guard json.isNext("[") else {
      try json.skip()
      return nil
    }
    var templates: [(name: String, text: String)] = []
    try json.elements { (json: inout JSONReader, _) throws(CheckpointError) in
      var name = ""
      var text = ""
      try json.members { (json: inout JSONReader, key: String) throws(CheckpointError) in
        switch key {
        case "name": name = try json.string()
        case "template": text = try json.string()
        default: try json.skip()
        }
      }
      templates.append((name, text))
    }
    return (templates.first { $0.name == "default" } ?? templates.first)?.text
  }
}
