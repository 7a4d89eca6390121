package import JSON

/// The description of the interface, `Protocol/openapi.yaml`, as one document.
///
/// The file refers to the messages in `Protocol/schemas/`; here they are part of it, under `components`.
package struct ReferenceDocument: Sendable {
  /// The whole of it.
  package let value: JSONValue

  package init(_ installation: Installation) throws(Refusal) {
    let file = "openapi.yaml"
    let bytes = try Self.contents(file, installation)
    let document: JSONValue
    do throws(YAMLReader.Fault) {
      document = try YAMLReader.read(String(decoding: bytes, as: UTF8.self))
    } catch {
      throw .fileMissing("Protocol/\(file) (line \(error.line): expected \(error.expected))")
    }
    value = try SchemaBundle.bundling(document) { name throws(Refusal) in
      let file = "schemas/\(name).json"
      do {
        return try JSONValue(parsing: try Self.contents(file, installation))
      } catch {
        throw .fileMissing("Protocol/\(file)")
      }
    }
  }

  private static func contents(
    _ file: String, _ installation: Installation
  ) throws(Refusal) -> [UInt8] {
    guard let bytes = installation.contents(installation.protocolFile(file)) else {
      throw .fileMissing("Protocol/\(file)")
    }
    return bytes
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
