internal import JSON

/// The kinds of JSON values; a whole number is one apart.
struct ValueKinds: OptionSet, Hashable, Sendable {
  let rawValue: UInt8
  static let null = ValueKinds(rawValue: 1)
  static let bool = ValueKinds(rawValue: 2)
  static let integer = ValueKinds(rawValue: 4)
  /// A number with a fraction.
  static let fraction = ValueKinds(rawValue: 8)
  static let string = ValueKinds(rawValue: 16)
  static let array = ValueKinds(rawValue: 32)
  static let object = ValueKinds(rawValue: 64)
  static let number: ValueKinds = [.integer, .fraction]
  static let all = ValueKinds(rawValue: 127)

  static let names: [(String, ValueKinds)] = [
    ("null", .null), ("boolean", .bool), ("integer", .integer), ("number", .number),
    ("string", .string), ("array", .array), ("object", .object),
  ]

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(of value: JSONValue) {
    self =
      switch value {
      case .null: .null
      case .bool: .bool
      case .integer: .integer
      case .number, .float: value.integer == nil ? .fraction : .integer
      case .string: .string
      case .array: .array
      case .object: .object
      }
  }
}

/// What is known of JSON Schema's keywords.
///
/// - Standard: JSON Schema 2020-12, and what drafts 4 to 2019-09 write otherwise.
enum SchemaKeywords {
  /// Keywords that would have to be held to, and can't be: why.
  static let impossible: [(name: String, reason: String)] = [
    ("not", "what must not be can't be written by rules; say what may be"),
    ("if", "a condition can't be written by rules; send anyOf with both cases"),
    ("dependentRequired", "members can't depend on each other; send anyOf with both cases"),
    ("dependentSchemas", "members can't depend on each other; send anyOf with both cases"),
    ("dependencies", "members can't depend on each other; send anyOf with both cases"),
    ("contains", "an element somewhere in a list can't be written by rules; use prefixItems"),
    ("minContains", "an element somewhere in a list can't be written by rules"),
    ("$dynamicRef", "only $ref is followed"), ("$recursiveRef", "only $ref is followed"),
    ("extends", "it is of a draft before the fourth; use allOf"),
    ("disallow", "it is of a draft before the fourth; say what may be"),
    ("divisibleBy", "it is of a draft before the fourth; use multipleOf"),
  ]

  /// The kinds that a keyword says something of.
  static let kinds: [String: ValueKinds] = [
    "minLength": .string, "maxLength": .string, "pattern": .string, "format": .string,
    "minimum": .number, "maximum": .number, "exclusiveMinimum": .number,
    "exclusiveMaximum": .number, "multipleOf": .number,
    "properties": .object, "patternProperties": .object, "additionalProperties": .object,
    "required": .object, "propertyNames": .object, "minProperties": .object,
    "maxProperties": .object, "unevaluatedProperties": .object,
    "items": .array, "prefixItems": .array, "additionalItems": .array, "minItems": .array,
    "maxItems": .array, "uniqueItems": .array, "unevaluatedItems": .array,
  ]

  /// Refuses what a place holds that can't be held to.
  static func check(_ place: SchemaPlace) throws(ConstraintError) {
    for (name, reason) in impossible where place[name] != nil {
      // A condition without consequences says nothing.
      if name == "if", place["then"] == nil, place["else"] == nil { continue }
      throw place.refusal(name, reason)
    }
    if place["nullable"]?.bool == true {
      throw place.refusal("nullable", "it is no keyword of JSON Schema; add null to type")
    }
    if !place.steps.isEmpty, place["$id"] != nil {
      throw place.refusal("$id", "a document within the document is not looked into")
    }
  }
}
