import JSON
import OrderedCollections

/// A JSON schema written as a TypeScript type, the way gpt-oss was trained to read functions.
///
/// The output is that of openai-harmony to the letter, oddities included (a description is one comment even
/// if it has several lines; a default of an enumeration has no quotes): the model has seen no other.
enum TypeScriptType {
  /// Deeper schemas are cut off with `any`.
  private static let depthLimit = 32

  static func text(of schema: JSONValue, indent: String) -> String {
    text(of: schema, indent: indent, depth: 0)
  }

  private static func text(of schema: JSONValue, indent: String, depth: Int) -> String {
    guard depth < depthLimit else { return "any" }
    if let variants = schema["oneOf"]?.array {
      return variants.map { variant in
        "\n" + indent + " | " + text(of: variant, indent: indent + "   ", depth: depth + 1)
      }.joined()
    }
    if let types = schema["type"]?.array {
      return types.compactMap(\.string).map { $0 == "integer" ? "number" : $0 }
        .joined(separator: " | ")
    }
    let null = schema["nullable"]?.bool == true ? " | null" : ""
    switch schema["type"]?.string {
    case "object": return object(schema, indent, depth) + null
    case "string": return (choices(schema) ?? "string") + null
    case "number", "integer": return "number" + null
    case "boolean": return "boolean" + null
    case "array":
      guard let items = schema["items"] else { return "Array<any>" + null }
      return text(of: items, indent: indent, depth: depth + 1) + "[]" + null
    default: return "any"
    }
  }

  private static func choices(_ schema: JSONValue) -> String? {
    schema["enum"]?.array.map { values in
      values.compactMap(\.string).map { "\"" + $0 + "\"" }.joined(separator: " | ")
    }
  }

  private static func object(_ schema: JSONValue, _ indent: String, _ depth: Int) -> String {
    var text = ""
    if let description = schema["description"]?.string {
      text += indent + "// " + description + "\n"
    }
    text += "{\n"
    if case .object(let properties) = schema["properties"] {
      let required = schema["required"]?.array?.compactMap(\.string) ?? []
      for (name, value) in properties {
        let optional = required.contains(name) ? "" : "?"
        text += property(name + optional, value, indent, depth)
      }
    }
    return text + indent + "}"
  }

  private static func property(
    _ name: String, _ schema: JSONValue, _ indent: String, _ depth: Int
  ) -> String {
    var text = ""
    if let title = schema["title"]?.string {
      text += indent + "// " + title + "\n" + indent + "//\n"
    }
    // An object repeats its description behind its name.
    if let description = schema["description"]?.string {
      text += indent + "// " + description + "\n"
    }
    if let examples = schema["examples"]?.array, !examples.isEmpty {
      text += indent + "// Examples:\n"
      for example in examples.compactMap(\.string) { text += indent + "// - \"" + example + "\"\n" }
    }
    let fallback = schema["default"].map { "// default: " + spell($0, in: schema) }
    if let variants = schema["oneOf"]?.array {
      if let fallback { text += indent + fallback + "\n" }
      text += indent + name + ":\n"
      for variant in variants {
        let type = self.text(of: variant, indent: indent + "   ", depth: depth + 1)
        text += indent + " | " + type + "\n"
      }
      return text + indent + ",\n"
    }
    let type = self.text(of: schema, indent: indent + "    ", depth: depth + 1)
    return text + indent + name + ": " + type + "," + (fallback.map { " " + $0 } ?? "") + "\n"
  }

  private static func spell(_ value: JSONValue, in schema: JSONValue) -> String {
    if schema["enum"] != nil, let text = value.string { return text }
    return value.json(.compact)
  }
}
