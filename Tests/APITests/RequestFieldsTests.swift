import HTTP
import TestKit
import Testing
import Wire

@testable import API
@testable import Runs

/// Reading JSON bodies.
@Suite(.ownThreads) struct RequestFieldsTests {
  private func fields(_ text: String) throws -> Fields { try Fields(body: Array(text.utf8)) }

  private func sentence<Value>(_ body: () throws -> Value) -> String? {
    do {
      _ = try body()
      return nil
    } catch {
      return (error as? Refusal)?.reply.message
    }
  }

  @Test func `null and unknown members count as absent`() throws {
    let fields = try fields(#"{"a":null,"b":1}"#)
    #expect(try fields.string("a") == nil)
    #expect(try fields.integer("c") == nil)
    #expect(try fields.integer("b") == 1)
  }

  @Test func `nothing is converted from another type`() throws {
    let fields = try fields(#"{"n":"1","s":1,"b":0,"o":[],"l":{},"f":1.0,"g":1.5}"#)
    #expect(sentence { try fields.integer("n") } == #"n must be an integer, found "1""#)
    #expect(sentence { try fields.string("s") } == "s must be a string, found 1")
    #expect(sentence { try fields.bool("b") } == "b must be true or false, found 0")
    #expect(sentence { try fields.object("o") } == "o must be an object, found an array of 0")
    #expect(
      sentence { try fields.integers("l") }
        == "l must be an array of integers, found an object with ")
    // A whole number may be spelt as a fraction.
    #expect(try fields.integer("f") == 1)
    #expect(sentence { try fields.integer("g") } == "g must be an integer, found 1.5")
  }

  @Test func `a refusal names the whole path`() throws {
    let fields = try fields(#"{"a":[{"b":[1,2,"x"]}]}"#)
    let inner = try #require(try fields.objects("a")?.first)
    #expect(
      sentence { try inner.integers("b") } == #"a[0].b[2] must be an integer, found "x""#)
  }

  @Test func `numbers out of range are refused with the range`() throws {
    let fields = try fields(#"{"a":-1,"b":1e300,"c":99999999999999999999}"#)
    #expect(
      sentence { try fields.integer("a", in: 0...5) } == "a must be from 0 to 5, found -1")
    #expect(sentence { try fields.number("b", in: 0...1) } == "b must be from 0 to 1, found 1e+300")
    #expect(sentence { try fields.integer("c") } == "c must be an integer, found 1e+20")
    // A double can't tell it from its neighbour, which would be the smallest integer.
    let rounded = try self.fields(#"{"a":-9223372036854775809,"b":-9223372036854775808}"#)
    #expect(sentence { try rounded.integer("a") } != nil)
    #expect(try rounded.integer("b") == .min)
  }

  @Test func `deep nesting and broken text are refused`() throws {
    let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
    #expect(sentence { try self.fields(#"{"a":\#(deep)}"#) }?.contains("128 levels") == true)
    #expect(sentence { try Fields(body: [0x7b, 0x22, 0xff, 0x22]) }?.contains("UTF-8") == true)
    #expect(sentence { try Fields(optionalBody: []) } == nil)
  }

  @Test func `base64 is that of the standard`() {
    // RFC 4648, section 10.
    let vectors = [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
      ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ]
    for (plain, text) in vectors {
      #expect(String(decoding: Base64.encode(Array(plain.utf8)), as: UTF8.self) == text)
    }
  }
}
