import Foundation
import JSON
import TestKit
import Testing

@testable import Constraints

/// What a schema lets through.
@Suite struct SchemaGrammarTests {
  static func constraint(
    _ schema: JSONValue, _ trie: TokenTrie = Vocabularies.bytes
  ) throws -> Constraint {
    try Constraint(kind: "json_schema", try Grammar.answer(.schema(schema)), trie)
  }

  static func admits(_ schema: JSONValue, _ text: String) throws -> Bool {
    try constraint(schema).admits(text.utf8)
  }

  @Test(arguments: 0..<160) func `whatever is drawn fits the schema`(seed: Int) throws {
    var schemas = GeneratedSchemas(seed: UInt64(seed))
    let schema = schemas.schema()
    let (trie, texts) = Vocabularies.bundled
    let constraint: Constraint
    do {
      constraint = try Self.constraint(schema, trie)
    } catch let error as ConstraintError {
      // Chance also makes schemas that nothing fits.
      #expect(error.found == "a contradiction", "\(error) of \(schema.json(.compact))")
      return
    }
    let checker = SchemaChecker(root: schema)
    var generator = SeededGenerator(seed: UInt64(seed))
    var ended = 0
    for _ in 0..<3 {
      guard let text = constraint.walk(texts, using: &generator) else { continue }
      ended += 1
      let value = try? JSONValue(parsing: text)
      let shown = String(decoding: text, as: UTF8.self)
      #expect(
        value.map { checker.fits($0, schema) } == true, "\(shown) of \(schema.json(.compact))")
    }
    #expect(
      ended > 0 || schema.json(.compact).contains("additionalProperties"),
      "no walk ended: \(schema.json(.compact))")
  }

  @Test func `a bounded whole number is exactly one within the bounds`() throws {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<40 {
      let low = Int(generator.next() % 300) - 150
      let high = low + Int(generator.next() % 200)
      let step = 1 + Int(generator.next() % 9)
      let schema: JSONValue = [
        "type": "integer", "minimum": JSONValue(low), "exclusiveMaximum": JSONValue(high),
        "multipleOf": JSONValue(step),
      ]
      let expected = (-400...400).filter { $0 >= low && $0 < high && $0 % step == 0 }
      guard let constraint = try? Self.constraint(schema) else {
        #expect(expected.isEmpty)
        continue
      }
      for number in -400...400 {
        #expect(
          constraint.admits(String(number).utf8) == expected.contains(number),
          "\(number) of \(schema.json(.compact))")
      }
    }
  }

  @Test func `a bounded number is exactly one within the bounds, digit by digit`() throws {
    for (low, high) in [(-1.5, 2.25), (0.1, 0.35), (-0.75, -0.5), (9.99, 100.01), (0.0, 1.0)] {
      let schema: JSONValue = [
        "type": "number", "exclusiveMinimum": .number(low), "maximum": .number(high),
      ]
      let constraint = try Self.constraint(schema)
      for hundredths in -300...10_100 {
        let text = String(format: "%.2f", Double(hundredths) / 100)
        guard let number = Double(text), text != "-0.00" else { continue }
        #expect(
          constraint.admits(text.utf8) == (number > low && number <= high),
          "\(text) of \(low), \(high)")
      }
    }
  }

  @Test(arguments: [
    (
      #"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["b"]}"#,
      [#"{"a":1,"b":""}"#, #"{"b": "x"}"#, "{\n  \"a\": 0,\n  \"b\": \"\\u00e9\"\n}"],
      [#"{}"#, #"{"a":1}"#, #"{"b":"x","a":1}"#, #"{"b":1}"#, #"{"b":"x",}"#, #"{"b":"x","c":1}"#]
    ),
    (
      ##"{"$defs":{"n":{"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/n"},{"type":"null"}]}},"required":["v","next"]}},"$ref":"#/$defs/n"}"##,
      [#"{"v":1,"next":null}"#, #"{"v":1,"next":{"v":2,"next":{"v":3,"next":null}}}"#],
      [#"{"v":1}"#, #"{"v":1,"next":{"v":2}}"#, "null"]
    ),
    (
      #"{"type":"array","items":{"type":"boolean"},"minItems":1,"maxItems":3}"#,
      ["[true]", "[true, false,true]"], ["[]", "[true,false,true,true]", "[1]", "true"]
    ),
    (
      #"{"allOf":[{"type":"string","minLength":2},{"maxLength":3}]}"#,
      [#""ab""#, #""\"\\""#, #""é\ud83d\ude00""#], [#""a""#, #""abcd""#, #""\ud83d""#]
    ),
    (
      #"{"oneOf":[{"type":"object","properties":{"k":{"const":"x"},"p":{"type":"integer"}},"required":["k","p"]},{"type":"object","properties":{"k":{"const":"y"}},"required":["k"]}]}"#,
      [#"{"k":"x","p":1}"#, #"{"k":"y"}"#], [#"{"k":"x"}"#, #"{"k":"z"}"#]
    ),
    (
      #"{"type":"object","patternProperties":{"^x_":{"type":"integer"}},"additionalProperties":false,"properties":{"x_a":{"maximum":3}}}"#,
      [#"{"x_a":3}"#, #"{"x_a":1,"x_b":100}"#, "{}"], [#"{"x_a":4}"#, #"{"y":1}"#, #"{"x_b":"s"}"#]
    ),
    (
      #"{"type":"string","format":"date"}"#, [#""2024-02-28""#, #""1999-12-31""#],
      [#""2024-02-30""#, #""2024-13-01""#, #""24-01-01""#]
    ),
    (
      #"{"enum":["a",1,null,{"x":[1]}],"type":["string","null"]}"#, [#""a""#, "null"],
      ["1", #"{"x":[1]}"#]
    ),
    (#"{"type":"object"}"#, [#"{"a":[1,{"b":null}]}"#, "{}"], ["[]", #"{"a"}"#, "1"]),
    ("true", ["1", "[]", #""x""#, "-0.5e+10"], ["", "tru", "[1,]", "01"]),
    (
      #"{"type":"object","properties":{"a":true},"additionalProperties":{"type":"integer"}}"#,
      [#"{"a":"s","b":1}"#, #"{"b":1}"#], [#"{"b":1,"a":"s"}"#, #"{"b":"s"}"#]
    ),
    (
      #"{"type":"object","minProperties":2,"maxProperties":2,"properties":{"a":{"const":1},"b":{"const":2},"c":{"const":3}}}"#,
      [#"{"a":1,"b":2}"#, #"{"a":1,"c":3}"#, #"{"b":2,"c":3}"#],
      [#"{"a":1}"#, #"{"a":1,"b":2,"c":3}"#, "{}"]
    ),
  ]) func `a text fits, or not`(schema: String, good: [String], bad: [String]) throws {
    let constraint = try Self.constraint(try JSONValue(parsing: Array(schema.utf8)))
    for text in good { #expect(constraint.admits(text.utf8), "\(text) of \(schema)") }
    for text in bad { #expect(!constraint.admits(text.utf8), "\(text) of \(schema)") }
  }

  @Test(arguments: [
    (#"{"type":"object","properties":{"a":{"not":{"type":"null"}}}}"#, "properties.a.not"),
    (#"{"anyOf":[{"type":"string"},{"if":{"type":"null"},"then":false}]}"#, "anyOf[1].if"),
    (
      ##"{"properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"multipleOf":0.1,"type":"number"}}}"##,
      "$defs.x.multipleOf"
    ),
    (##"{"$ref":"#"}"##, ""),
    (#"{"$ref":"https://example.org/a"}"#, "$ref"),
    (##"{"$ref":"#/$defs/none"}"##, "$ref"),
    (#"{"oneOf":[{"type":"integer"},{"type":"number"}]}"#, "oneOf"),
    (#"{"type":"strin"}"#, "type"),
    (#"{"type":"string","pattern":"(?=a)b"}"#, "pattern"),
    (#"{"type":"string","pattern":"(a+)\\1"}"#, "pattern"),
    (#"{"type":"string","pattern":"a{1,100000}"}"#, "pattern"),
    (#"{"type":"string","pattern":"(a|b)*a(a|b){40}$"}"#, "pattern"),
    (#"{"type":"string","maxLength":100000000}"#, "maxLength"),
    (#"{"type":"array","minItems":900000}"#, "minItems"),
    (#"{"type":"array","items":{"type":"integer"},"uniqueItems":true}"#, "uniqueItems"),
    (#"{"type":"object","additionalProperties":7}"#, "additionalProperties"),
    (#"{"type":"integer","minimum":5,"maximum":4}"#, ""),
    (#"{"enum":[]}"#, "enum"),
    (#"{"type":"string","format":"regex"}"#, "format"),
    ("7", ""),
  ]) func `what can't be held to is refused by its path`(schema: String, path: String) throws {
    let value = try JSONValue(parsing: Array(schema.utf8))
    let error = #expect(throws: ConstraintError.self) { _ = try Self.constraint(value) }
    #expect(error?.path == path, "\(String(describing: error))")
    #expect((error?.reason.utf8.count ?? 0) > 10)
  }

  @Test func `values within values come to an end though the model opens more and more`() throws {
    let schema: JSONValue = ["type": "array", "items": ["$ref": "#"]]
    for schema in [true, schema] {
      let constraint = try Self.constraint(schema)
      var cursor = constraint.start()
      var text: [UInt8] = []
      while !constraint.end(cursor).must, text.count < 4000 {
        let mask = constraint.mask(&cursor)
        let order = "[]".utf8.map { Int32($0) } + (0..<256)
        let token = try #require(order.first(where: mask.contains))
        #expect(constraint.advance(&cursor, token, bytes: [UInt8(token)]))
        text.append(UInt8(token))
        if constraint.end(cursor).may, text.last == UInt8(ascii: "]"), constraint.end(cursor).must {
          break
        }
      }
      #expect(constraint.end(cursor).must)
      #expect((try? JSONValue(parsing: text)) != nil)
    }
  }

  @Test(.timeLimit(.minutes(60))) func `schemas made to take long are bounded`() throws {
    let deep = (0..<120).reduce(JSONValue.bool(true)) { inner, _ in
      ["type": "array", "items": inner, "minItems": 1]
    }
    let choices = (0..<9).map { level -> JSONValue in
      [
        "anyOf": .array(
          (0..<9).map { ["properties": .init(members: [.init("p\(level)_\($0)", true)])] })
      ]
    }
    let many = JSONValue(members: (0..<3000).map { .init("property \($0)", ["type": "integer"]) })
    let long = JSONValue.array((0..<20_000).map { .string("value number \($0)") })
    let chain = JSONValue(
      members: (0..<2000).map {
        .init("d\($0)", ["$ref": .string("#/$defs/d\($0 + 1)")])
      })
    for schema: JSONValue in [
      deep, ["allOf": .array(choices)], ["type": "object", "properties": many], ["enum": long],
      ["$defs": chain, "$ref": "#/$defs/d0"],
      ["type": "string", "pattern": "((((a{0,9}){0,9}){0,9}){0,9}){0,9}$"],
    ] {
      guard let constraint = try? Self.constraint(schema) else { continue }
      var cursor = constraint.start()
      var generator = SeededGenerator(seed: 3)
      for _ in 0..<30 where !constraint.end(cursor).must {
        let mask = constraint.mask(&cursor)
        let allowed = (0..<Int32(256)).filter(mask.contains)
        let token = allowed[Int(generator.next() % UInt64(allowed.count))]
        #expect(constraint.advance(&cursor, token, bytes: [UInt8(token)]))
      }
    }
  }
}
