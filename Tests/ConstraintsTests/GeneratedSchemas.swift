import JSON
import TestKit

/// Schemas made by chance, of all that can be held to.
struct GeneratedSchemas {
  var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  mutating func below(_ limit: Int) -> Int { Int(generator.next() % UInt64(max(limit, 1))) }
  mutating func chance(_ of: Int) -> Bool { below(of) == 0 }

  mutating func schema(_ depth: Int = 0) -> JSONValue {
    switch below(depth > 3 ? 7 : 12) {
    case 0: return ["type": "boolean"]
    case 1: return ["type": "null"]
    case 2, 3: return number()
    case 4, 5: return string()
    case 6: return ["enum": .array((0...below(4)).map { _ in literal() })]
    case 7: return array(depth)
    case 8, 9: return object(depth)
    case 10:
      return ["anyOf": .array((0...below(3)).map { _ in schema(depth + 1) })]
    default:
      var all = object(depth).members ?? []
      all.append(.init("allOf", [.init(members: [.init("required", ["b"])]), number()]))
      return chance(2) ? JSONValue(members: all.dropLast()) : ["type": ["string", "integer"]]
    }
  }

  mutating func literal() -> JSONValue {
    switch below(5) {
    case 0: .integer(Int64(below(200)) - 100)
    case 1: .bool(chance(2))
    case 2: .number(Double(below(1000)) / 8 + 0.0625)
    case 3: ["a": [1, "\u{1F600}\n"]]
    default: .string(["red", "blue", "a\"b", "\\", "é", ""][below(6)])
    }
  }

  private mutating func number() -> JSONValue {
    var members: [JSONValue.Member] = [.init("type", chance(2) ? "integer" : "number")]
    let low = Double(below(4000) - 2000) / (chance(2) ? 8 : 1)
    let high = low + Double(below(3000) + 2) / (chance(2) ? 4 : 1) + 1
    if chance(2) { members.append(.init(chance(2) ? "minimum" : "exclusiveMinimum", .number(low))) }
    if chance(2) {
      members.append(.init(chance(2) ? "maximum" : "exclusiveMaximum", .number(high)))
    }
    if chance(5), high - low > 16 {
      members.append(.init("multipleOf", .integer(Int64(below(7) + 1))))
    }
    return JSONValue(members: members)
  }

  private mutating func string() -> JSONValue {
    var members: [JSONValue.Member] = [.init("type", "string")]
    let patterns = ["^[a-z]{2,5}$", "^\\d{3}-\\d{2}$", "b", "^(x|yy)*$", "[^a-z]", "^\\w+ \\S$"]
    if chance(3) {
      members.append(.init("pattern", .string(patterns[below(patterns.count)])))
    } else {
      let least = below(5)
      if chance(3) { members.append(.init("minLength", .integer(Int64(least)))) }
      if chance(3) { members.append(.init("maxLength", .integer(Int64(least + below(20))))) }
    }
    return JSONValue(members: members)
  }

  private mutating func array(_ depth: Int) -> JSONValue {
    var members: [JSONValue.Member] = [.init("type", "array")]
    let least = below(3)
    if chance(3) {
      members.append(.init("prefixItems", .array((0...below(2)).map { _ in schema(depth + 1) })))
    }
    members.append(.init("items", schema(depth + 1)))
    if chance(2) { members.append(.init("minItems", .integer(Int64(least)))) }
    if chance(2) { members.append(.init("maxItems", .integer(Int64(least + below(3))))) }
    return JSONValue(members: members)
  }

  private mutating func object(_ depth: Int) -> JSONValue {
    let names = ["a", "b", "the \"name\"", "é", "x/y", "id"].prefix(1 + below(6))
    var members: [JSONValue.Member] = [.init("type", "object")]
    members.append(
      .init("properties", JSONValue(members: names.map { .init($0, schema(depth + 1)) })))
    let needed = names.filter { _ in chance(2) }
    if !needed.isEmpty { members.append(.init("required", .array(needed.map { .string($0) }))) }
    switch below(4) {
    case 0: members.append(.init("additionalProperties", false))
    case 1: members.append(.init("additionalProperties", schema(depth + 2)))
    case 2: members.append(.init("maxProperties", .integer(Int64(needed.count + below(3)))))
    default: break
    }
    return JSONValue(members: members)
  }
}
