package import HTTP
package import JSON
internal import OrderedCollections

/// The description of the interface, `Protocol/openapi.json`, with every message in it.
package struct ReferenceDocument: Sendable {
  /// The whole of it.
  package let value: JSONValue

  /// Reads it; below a base path it names that as where the server is, instead of an address.
  package init(_ installation: Installation, base: BasePath = .root) throws(Refusal) {
    let file = "openapi.json"
    guard let bytes = installation.contents(installation.protocolFile(file)) else {
      throw .fileMissing("Protocol/\(file)")
    }
    guard case .object(var members)? = try? JSONValue(parsing: bytes) else {
      throw .fileMissing("Protocol/\(file)")
    }
    if base != .root { members["servers"] = .array([.object(["url": .string(base.text)])]) }
    value = .object(members)
  }

  /// Its bytes as JSON.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.value(value)
    return writer.bytes
  }

  /// What a value refers to within the document, or the value itself.
  package func resolved(_ value: JSONValue) -> JSONValue {
    guard let pointer = value["$ref"]?.string, pointer.hasPrefix("#/") else { return value }
    return pointer.dropFirst(2).split(separator: "/").reduce(self.value) { place, name in
      place[String(name)] ?? .null
    }
  }
}
