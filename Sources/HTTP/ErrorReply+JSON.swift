import JSON

extension ErrorReply {
  /// The body of the answer, one line of JSON.
  package func json(requestID: String) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("error", .string(message))
      writer.member("code", .string(code))
      writer.name("details")
      writer.verbatim(details ?? Array("{}".utf8))
      writer.member("request_id", .string(requestID))
    }
    return writer.bytes
  }
}
