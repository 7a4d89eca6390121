internal import HTTP
internal import HTTPTypes
internal import JSON

extension ErrorReply {
  /// The error object that streams carry, in the form that OpenAI's SDKs understand.
  var event: JSONValue {
    [
      "message": .string(message),
      "type": status.code < 500 ? "invalid_request_error" : "server_error",
      "code": .string(code),
    ]
  }
}
