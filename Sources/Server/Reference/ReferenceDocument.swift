package import Frames

/// The description of the interface, `Protocol/openapi.yaml`, as a document.
package struct ReferenceDocument: Sendable {
  /// The whole of it.
  package let value: JSONValue

  package init(_ installation: Installation) throws(Refusal) {
    guard let bytes = installation.contents(installation.protocolFile("openapi.yaml")) else {
      throw .fileMissing("Protocol/openapi.yaml")
    }
    do throws(YAMLReader.Fault) {
      value = try YAMLReader.read(String(decoding: bytes, as: UTF8.self))
    } catch {
      throw .fileMissing("Protocol/openapi.yaml (line \(error.line): expected \(error.expected))")
    }
  }

  /// Its bytes as JSON.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.value(value)
    return writer.bytes
  }

  /// One operation of the interface.
  package struct Operation: Sendable {
    package let method: String
    package let path: String
    package let summary: String
    /// The first example of its body.
    package let example: JSONValue?
  }

  /// The operations in the order of the document.
  package var operations: [Operation] {
    let methods: Set = ["get", "post", "put", "delete", "patch"]
    return (value["paths"]?.members ?? []).flatMap { path in
      (path.value.members ?? []).filter { methods.contains($0.name) }.map { operation in
        let content = operation.value["requestBody"]?["content"]?["application/json"]
        return Operation(
          method: operation.name.uppercased(), path: path.name,
          summary: operation.value["summary"]?.string ?? "",
          example: content?["examples"]?.members?.first?.value["value"])
      }
    }
  }
}
