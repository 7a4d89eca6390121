import Foundation
import JSON

/// Checks values against schemas, straight from the standard's words and without the room's code.
struct SchemaChecker {
  let root: JSONValue

  func fits(_ value: JSONValue, _ schema: JSONValue) -> Bool {
    if let truth = schema.bool { return truth }
    if let reference = schema["$ref"]?.string {
      var target = root
      for step in reference.dropFirst(2).split(separator: "/") {
        target = target[String(step)] ?? false
      }
      guard fits(value, target) else { return false }
    }
    if let all = schema["allOf"]?.array, !all.allSatisfy({ fits(value, $0) }) { return false }
    if let any = schema["anyOf"]?.array, !any.contains(where: { fits(value, $0) }) { return false }
    if let one = schema["oneOf"]?.array, one.count(where: { fits(value, $0) }) != 1 { return false }
    if let type = schema["type"] {
      let names = (type.array ?? [type]).compactMap(\.string)
      guard names.contains(where: { isKind(value, $0) }) else { return false }
    }
    if let list = schema["enum"]?.array, !list.contains(value) { return false }
    if let only = schema["const"], only != value { return false }
    return fitsNumber(value, schema) && fitsString(value, schema) && fitsArray(value, schema)
      && fitsObject(value, schema)
  }

  private func isKind(_ value: JSONValue, _ name: String) -> Bool {
    switch name {
    case "null": value.isNull
    case "boolean": value.bool != nil
    case "integer": value.integer != nil
    case "number": value.double != nil
    case "string": value.string != nil
    case "array": value.array != nil
    default: value.members != nil
    }
  }

  private func fitsNumber(_ value: JSONValue, _ schema: JSONValue) -> Bool {
    guard let number = value.double else { return true }
    if let least = schema["minimum"]?.double, number < least { return false }
    if let most = schema["maximum"]?.double, number > most { return false }
    if let least = schema["exclusiveMinimum"]?.double, number <= least { return false }
    if let most = schema["exclusiveMaximum"]?.double, number >= most { return false }
    if let step = schema["multipleOf"]?.double, number.remainder(dividingBy: step) != 0 {
      return false
    }
    return true
  }

  private func fitsString(_ value: JSONValue, _ schema: JSONValue) -> Bool {
    guard let text = value.string else { return true }
    let length = text.unicodeScalars.count
    if let least = schema["minLength"]?.integer, length < least { return false }
    if let most = schema["maxLength"]?.integer, length > most { return false }
    if let pattern = schema["pattern"]?.string {
      guard let expression = try? NSRegularExpression(pattern: pattern) else { return false }
      let whole = NSRange(text.startIndex..., in: text)
      guard expression.firstMatch(in: text, range: whole) != nil else { return false }
    }
    return true
  }

  private func fitsArray(_ value: JSONValue, _ schema: JSONValue) -> Bool {
    guard let list = value.array else { return true }
    if let least = schema["minItems"]?.integer, list.count < least { return false }
    if let most = schema["maxItems"]?.integer, list.count > most { return false }
    let first = schema["prefixItems"]?.array ?? []
    for (element, schema) in zip(list, first) where !fits(element, schema) { return false }
    guard let rest = schema["items"] else { return true }
    return list.dropFirst(first.count).allSatisfy { fits($0, rest) }
  }

  private func fitsObject(_ value: JSONValue, _ schema: JSONValue) -> Bool {
    guard let members = value.members else { return true }
    if let least = schema["minProperties"]?.integer, members.count < least { return false }
    if let most = schema["maxProperties"]?.integer, members.count > most { return false }
    for name in schema["required"]?.array ?? [] where value[name.string ?? ""] == nil {
      return false
    }
    for member in members {
      if let own = schema["properties"]?[member.name] {
        guard fits(member.value, own) else { return false }
      } else if let others = schema["additionalProperties"] {
        guard fits(member.value, others) else { return false }
      }
    }
    return true
  }
}
