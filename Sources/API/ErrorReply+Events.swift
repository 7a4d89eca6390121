internal import HTTP
internal import HTTPTypes
internal import JSON

extension ErrorReply {
  /// Status, machine-readable name and sentence.
  var worded: (HTTPResponse.Status, String, String) { (status, code, message) }

  /// The error object that streams carry: the documented three members, which OpenAI's SDKs understand.
  var event: JSONValue {
    JSONValue(members: (object.members ?? []).filter { $0.name != "param" })
  }
}
