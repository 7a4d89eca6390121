package import JSON
internal import TestKit

/// What was sent is no span by the rules.
package struct NoSpan: Error {}

/// A span as a collector finds it in a body, read strictly: a member that OTLP does not know makes it none.
package struct SentSpan: Sendable, Equatable {
  /// A value of an attribute.
  package enum Value: Sendable, Equatable {
    case string(String)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case array([Value])
  }

  /// Something that happened in it.
  package struct Event: Sendable, Equatable {
    package let time: UInt64
    package let name: String
    package let attributes: [String: Value]

    package init(time: UInt64, name: String, attributes: [String: Value]) {
      self.time = time
      self.name = name
      self.attributes = attributes
    }
  }

  /// Another span that it belongs to.
  package struct Link: Sendable, Equatable {
    package let trace: String
    package let span: String
    package let state: String
    package let flags: Int64
    package let attributes: [String: Value]

    package init(
      trace: String, span: String, state: String, flags: Int64, attributes: [String: Value]
    ) {
      self.trace = trace
      self.span = span
      self.state = state
      self.flags = flags
      self.attributes = attributes
    }
  }

  package let trace: String
  package let span: String
  package let parent: String?
  package let state: String
  package let flags: Int64
  package let name: String
  package let kind: Int64
  package let start: UInt64
  package let end: UInt64
  package let attributes: [String: Value]
  package let events: [Event]
  package let links: [Link]
  package let code: Int64?
  package let message: String?

  /// The spans of an `ExportTraceServiceRequest`, and what all of them are of.
  package static func read(
    _ body: JSONValue
  ) throws -> (spans: [SentSpan], resource: [String: Value]) {
    let outer = try Members(body, ["resourceSpans"])
    let one = try outer.array("resourceSpans")
    let whole = try Members(try require(one.first), ["resource", "scopeSpans"])
    let scope = try Members(
      try require(try whole.array("scopeSpans").first), ["scope", "spans"])
    guard one.count == 1, try whole.array("scopeSpans").count == 1 else { throw NoSpan() }
    _ = try Members(scope["scope"], ["name", "version"]).text("name")
    let resource = try Members(whole["resource"], ["attributes"])
    return (try scope.array("spans").map { try SentSpan($0) }, try resource.attributes())
  }

  private init(_ json: JSONValue) throws {
    let span = try Members(
      json,
      [
        "traceId", "spanId", "traceState", "parentSpanId", "flags", "name", "kind",
        "startTimeUnixNano", "endTimeUnixNano", "attributes", "events", "links", "status",
      ])
    trace = try span.hex("traceId", 32)
    self.span = try span.hex("spanId", 16)
    parent = span["parentSpanId"] == nil ? nil : try span.hex("parentSpanId", 16)
    state = try span.text("traceState", or: "")
    flags = try span.number("flags")
    name = try span.text("name")
    kind = try span.number("kind")
    start = try span.wide("startTimeUnixNano")
    end = try span.wide("endTimeUnixNano")
    attributes = try span.attributes()
    events = try span.array("events").map { json in
      let event = try Members(json, ["timeUnixNano", "name", "attributes"])
      return Event(
        time: try event.wide("timeUnixNano"), name: try event.text("name"),
        attributes: try event.attributes())
    }
    links = try span.array("links").map { json in
      let link = try Members(json, ["traceId", "spanId", "traceState", "flags", "attributes"])
      return Link(
        trace: try link.hex("traceId", 32), span: try link.hex("spanId", 16),
        state: try link.text("traceState", or: ""), flags: try link.number("flags"),
        attributes: try link.attributes())
    }
    let status = try span["status"].map { try Members($0, ["code", "message"]) }
    code = try status?.number("code")
    message = try status?["message"].map { try require($0.string) }
  }
}

/// The members of an object, none of which is unknown.
private struct Members {
  private let json: JSONValue

  init(_ json: JSONValue?, _ known: Set<String>) throws {
    self.json = try require(json)
    let names = try require(self.json.members).map(\.name)
    guard Set(names).isSubset(of: known), Set(names).count == names.count else { throw NoSpan() }
  }

  subscript(name: String) -> JSONValue? { json[name] }

  func text(_ name: String, or none: String? = nil) throws -> String {
    if json[name] == nil, let none { return none }
    return try require(json[name]?.string)
  }

  func array(_ name: String) throws -> [JSONValue] {
    guard let value = json[name] else { return [] }
    return try require(value.array)
  }

  func number(_ name: String) throws -> Int64 { try require(json[name]?.integer) }

  /// Text of a number of 64 bits.
  func wide(_ name: String) throws -> UInt64 { try require(UInt64(try text(name))) }

  func hex(_ name: String, _ digits: Int) throws -> String {
    let text = try text(name)
    guard text.utf8.count == digits, text.allSatisfy("0123456789abcdef".contains),
      text.contains(where: { $0 != "0" })
    else { throw NoSpan() }
    return text
  }

  func attributes() throws -> [String: SentSpan.Value] {
    let pairs = try array("attributes").map { json in
      let pair = try Members(json, ["key", "value"])
      return (try pair.text("key"), try Self.value(pair["value"]))
    }
    return Dictionary(pairs) { one, _ in one }
  }

  private static func value(_ json: JSONValue?) throws -> SentSpan.Value {
    let member = try require(json?.members?.first)
    guard json?.members?.count == 1 else { throw NoSpan() }
    switch member.name {
    case "stringValue": return .string(try require(member.value.string))
    case "boolValue": return .bool(try require(member.value.bool))
    case "intValue": return .int(try require(member.value.string.flatMap { Int64($0) }))
    case "doubleValue":
      let words = ["NaN": Double.nan, "Infinity": .infinity, "-Infinity": -.infinity]
      return .double(try require(member.value.double ?? words[member.value.string ?? ""]))
    case "arrayValue":
      let values = try Members(member.value, ["values"])
      return .array(try values.array("values").map { try value($0) })
    default: throw NoSpan()
    }
  }
}
