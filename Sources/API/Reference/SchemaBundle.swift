internal import OrderedCollections
internal import JSON

/// Puts the schemas that a document names by file into the document.
///
/// `schemas/run.json` becomes `#/components/schemas/run`, and within the files `usage.json` and `#/$defs/entry` follow.
/// So the files are the one place where a message is described, and who fetches the document needs no other.
struct SchemaBundle {
  /// The contents of a schema's file.
  typealias Source = (_ name: String) throws(Refusal) -> JSONValue

  /// What is left to be read, and what is known already.
  private var waiting: [String] = []
  private var known: Set<String> = []

  static func bundling(_ document: JSONValue, from read: Source) throws(Refusal) -> JSONValue {
    var bundle = SchemaBundle()
    let rewritten = bundle.rewrite(document, in: nil)
    var schemas: [JSONValue.Member] = []
    while let name = bundle.waiting.popLast() {
      schemas.append(.init(name, bundle.rewrite(try read(name), in: name)))
    }
    schemas.sort { $0.name < $1.name }
    return rewritten.appending(.init("schemas", JSONValue(members: schemas)), to: "components")
  }

  /// A value with its references pointing into the document.
  ///
  /// - Parameter schema: the file that the value stands in; nil for the document itself.
  private mutating func rewrite(_ value: JSONValue, in schema: String?) -> JSONValue {
    switch value {
    case .object(let members):
      var result: [JSONValue.Member] = []
      // The dialect is the document's own.
      for (name, value) in members where name != "$schema" {
        if name == "$ref", let reference = value.string {
          result.append(.init("$ref", .string(rewrite(reference: reference, in: schema))))
        } else {
          result.append(.init(name, rewrite(value, in: schema)))
        }
      }
      return JSONValue(members: result)
    case .array(let elements):
      return .array(elements.map { rewrite($0, in: schema) })
    default: return value
    }
  }

  private mutating func rewrite(reference: String, in schema: String?) -> String {
    let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let fragment = parts.count > 1 ? parts[1] : ""
    guard let file = parts.first, !file.isEmpty else {
      return schema.map { "#/components/schemas/\($0)\(fragment)" } ?? reference
    }
    let name = String(file.split(separator: "/").last?.split(separator: ".").first ?? "")
    if known.insert(name).inserted { waiting.append(name) }
    return "#/components/schemas/\(name)\(fragment)"
  }
}

extension JSONValue {
  /// The object with one more member in one of its objects.
  fileprivate func appending(_ member: Member, to name: String) -> JSONValue {
    guard case .object(var members) = self, case .object(var inner)? = members[name] else {
      return self
    }
    inner[member.name] = member.value
    members[name] = .object(inner)
    return .object(members)
  }
}
