/// The tests after `is`.
enum JinjaTests {
  /// Names that the parser lets through.
  static let names: Set<String> = [
    "defined", "undefined", "none", "boolean", "true", "false", "integer", "float", "number",
    "string", "mapping", "iterable", "sequence", "callable", "sameas", "eq", "equalto", "==", "ne",
    "!=", "gt", "greaterthan", ">", "ge", ">=", "lt", "lessthan", "<", "le", "<=", "in", "even",
    "odd", "divisibleby", "lower", "upper",
  ]

  static func holds(
    _ name: String, _ value: JinjaValue, _ arguments: [JinjaValue],
    failed: (String) -> TemplateError
  ) throws(TemplateError) -> Bool {
    switch name {
    case "defined", "undefined":
      let isUndefined = if case .undefined = value { true } else { false }
      return isUndefined == (name == "undefined")
    case "none": return if case .none = value { true } else { false }
    case "boolean": return if case .bool = value { true } else { false }
    case "true", "false":
      return if case .bool(let flag) = value { flag == (name == "true") } else { false }
    case "integer": return if case .integer = value { true } else { false }
    case "float": return if case .float = value { true } else { false }
    case "number": return value.number != nil
    case "string": return if case .string = value { true } else { false }
    case "mapping": return if case .dictionary = value { true } else { false }
    case "iterable": return value.sequence != nil
    case "sequence": return value.length != nil
    case "callable":
      switch value {
      // Jinja's own object for what is not there can be called, to complain.
      case .macro, .function, .undefined: return true
      default: return false
      }
    case "lower", "upper":
      let text = value.text
      let changed = name == "lower" ? PythonText.lower(text) : PythonText.upper(text)
      return changed.utf8.elementsEqual(text.utf8)
        && text.unicodeScalars.contains { $0.properties.isCased }
    case "even", "odd", "divisibleby":
      return try divides(name, value, arguments, failed)
    default:
      guard let other = arguments.first else { throw failed("'is \(name)' without an argument") }
      return try compare(name, value, other, failed)
    }
  }

  private static func divides(
    _ name: String, _ value: JinjaValue, _ arguments: [JinjaValue],
    _ failed: (String) -> TemplateError
  ) throws(TemplateError) -> Bool {
    let divisor = name == "divisibleby" ? arguments.first?.whole : 2
    guard let whole = value.whole, let divisor, divisor != 0, divisor != -1 else {
      throw failed("'is \(name)' of \(value.kind)")
    }
    return (whole % divisor == 0) == (name != "odd")
  }

  private static func compare(
    _ name: String, _ value: JinjaValue, _ other: JinjaValue,
    _ failed: (String) -> TemplateError
  ) throws(TemplateError) -> Bool {
    func less(_ one: JinjaValue, _ two: JinjaValue) throws(TemplateError) -> Bool {
      guard let less = one.isLess(than: two) else {
        throw failed("\(one.kind) and \(two.kind) have no order")
      }
      return less
    }
    switch name {
    case "eq", "equalto", "==", "sameas": return value.equals(other)
    case "ne", "!=": return !value.equals(other)
    case "lt", "lessthan", "<": return try less(value, other)
    case "gt", "greaterthan", ">": return try less(other, value)
    case "le", "<=": return try less(value, other) || value.equals(other)
    case "ge", ">=": return try less(other, value) || value.equals(other)
    case "in":
      if case .string(let text) = other, case .string(let part) = value {
        return PythonText.find(part, in: text) != nil
      }
      return other.sequence?.contains { $0.equals(value) } ?? false
    default: throw failed("the test '\(name)'")
    }
  }
}
