/// A response taken apart just enough for expectations.
package struct TestResponse: Sendable {
  package let status: String
  package let fields: [String]
  package let body: [UInt8]

  package init(status: String, fields: [String], body: [UInt8]) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  package init(_ bytes: [UInt8]) {
    let end = bytes.indices.first { bytes[$0...].starts(with: Array("\r\n\r\n".utf8)) }
    let head = String(decoding: bytes[..<(end ?? bytes.endIndex)], as: UTF8.self)
    let lines = head.split(separator: "\r\n").map(String.init)
    status = lines.first ?? ""
    fields = Array(lines.dropFirst())
    body = end.map { Array(bytes[($0 + 4)...]) } ?? []
  }

  package var text: String { String(decoding: body, as: UTF8.self) }

  package subscript(name: String) -> String? {
    fields.first { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
      .map { String($0.dropFirst(name.count + 2)) }
  }
}
