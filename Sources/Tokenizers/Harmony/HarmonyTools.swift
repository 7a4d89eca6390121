import Templates
import JSON

/// Tools under one name, described to the model as a TypeScript namespace.
struct HarmonyToolNamespace: Sendable, Equatable {
  var name: String
  var description: String?
  var tools: [HarmonyTool]

  var text: String {
    let title = "## " + name + "\n\n"
    // A tool without functions, such as Python, is described in plain text.
    if tools.isEmpty { return title + (description ?? "") }
    let comment = description.map { HarmonyTool.comment($0) } ?? ""
    return title + comment + "namespace " + name + " {\n\n" + tools.map(\.text).joined()
      + "} // namespace " + name
  }
}

/// One function and the JSON schema of its parameters.
struct HarmonyTool: Sendable, Equatable {
  var name: String
  var description: String
  var parameters: JSONValue?

  init(name: String, description: String, parameters: JSONValue?) {
    self.name = name
    self.description = description
    self.parameters = parameters
  }

  /// Reads a function in OpenAI's form or its inner part; nil without a name.
  init?(_ json: JSONValue) {
    let function = json["function"] ?? json
    guard let name = function["name"]?.string else { return nil }
    let parameters = function["parameters"]
    self.init(
      name: name, description: function["description"]?.string ?? "",
      parameters: parameters == .null ? nil : parameters)
  }

  var text: String {
    let type = parameters.map { "(_: " + TypeScriptType.text(of: $0, indent: "") + ")" } ?? "()"
    return Self.comment(description) + "type " + name + " = " + type + " => any;\n\n"
  }

  /// Each line of a text as a comment.
  static func comment(_ text: String) -> String {
    var lines = PythonText.split(text, by: "\n")
    if lines.last == "" { lines.removeLast() }
    return lines.map { line in
      "// " + (PythonText.ends(line, with: "\r") ? PythonText.strip(line, "\r", left: false) : line)
        + "\n"
    }.joined()
  }
}
