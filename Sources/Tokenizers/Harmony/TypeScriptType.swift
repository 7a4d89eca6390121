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
    if let variants = schema["oneOf"]?.elements {
      return variants.map { variant in
        "\n" + indent + " | " + text(of: variant, indent: indent + "   ", depth: depth + 1)
      }.joined()
    }
    if let types = schema["type"]?.elements {
      return types.compactMap(\.text).map { $0 == "integer" ? "number" : $0 }
        .joined(separator: " | ")
    }
    let null = schema["nullable"]?.flag == true ? " | null" : ""
    switch schema["type"]?.text {
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
    schema["enum"]?.elements.map { values in
      values.compactMap(\.text).map { "\"" + $0 + "\"" }.joined(separator: " | ")
    }
  }

  private static func object(_ schema: JSONValue, _ indent: String, _ depth: Int) -> String {
    var text = ""
    if let description = schema["description"]?.text {
      text += indent + "// " + description + "\n"
    }
    text += "{\n"
    if case .object(let properties) = schema["properties"] {
      let required = schema["required"]?.elements?.compactMap(\.text) ?? []
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
    if let title = schema["title"]?.text {
      text += indent + "// " + title + "\n" + indent + "//\n"
    }
    // An object repeats its description behind its name.
    if let description = schema["description"]?.text {
      text += indent + "// " + description + "\n"
    }
    if let examples = schema["examples"]?.elements, !examples.isEmpty {
      text += indent + "// Examples:\n"
      for example in examples.compactMap(\.text) { text += indent + "// - \"" + example + "\"\n" }
    }
    let fallback = schema["default"].map { "// default: " + spell($0, in: schema) }
    if let variants = schema["oneOf"]?.elements {
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
    if schema["enum"] != nil, let text = value.text { return text }
    return value.json(.compact)
  }
}
