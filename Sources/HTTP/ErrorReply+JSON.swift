package import HTTPTypes
package import JSON

extension ErrorReply {
  /// How `error` is written.
  package enum Form: Sendable {
    /// As the sentence: what is documented, and what everybody reads who reads this server's errors.
    case sentence
    /// As an object of message, type, code and param, in which OpenAI's SDKs look for all four; of a string they keep
    /// nothing.
    case object

    /// SDKs that Stainless generates, OpenAI's among them, say so in each request.
    package init(_ fields: HTTPFields) {
      self = fields[further: .sdk] == nil ? .sentence : .object
    }
  }

  /// The body of the answer, one line of JSON.
  package func json(requestID: String, as form: Form = .sentence) -> [UInt8] {
    JSONWriter.object { writer in
      switch form {
      case .sentence: writer.member("error", message)
      case .object: writer.member("error", object)
      }
      writer.member("code", code)
      writer.member("details", raw: details ?? Array("{}".utf8))
      writer.member("request_id", requestID)
    }
  }

  /// The error as OpenAI's SDKs understand it.
  package var object: JSONValue {
    [
      "message": .string(message),
      "type": status.code < 500 ? "invalid_request_error" : "server_error",
      "code": .string(code),
      "param": field.map { .string($0) } ?? .null,
    ]
  }

  /// The member of the request that is meant.
  private var field: String? {
    details.flatMap { try? JSONValue(parsing: $0) }?["field"]?.string
  }
}
