internal import HTTP
internal import Streams
internal import JSON
internal import Frames
internal import HTTPTypes
internal import Runs

extension RunCommands {
  /// The run as it is now, with the newest tensor of each hook: what a late viewer needs to draw, without the whole stream.
  enum Snapshot: RunCommand {
    static let name = "snapshot"
    static let scope = Scope.run
    static let method = HTTPRequest.Method.get

    static func perform(_ call: RunCall) async throws(Refusal) -> RunAnswer {
      let run = try call.watched()
      let form = try form(call)
      let object = await run.object()
      let newest = newest(of: run.topic)
      return .members(of: run) { writer in
        writer.member("run", raw: object)
        writer.array("activations") { writer in
          for item in newest { writer.verbatim(item.text(form)) }
        }
      }
    }

    private static func form(_ call: RunCall) throws(Refusal) -> TensorForm {
      switch try call.text("tensors") {
      case nil, "base64": return .base64
      case "json": return .json
      case "none": return .none
      case .some(let other):
        throw .unknownValue(
          field: "tensors", found: "\"\(other.prefix(80))\"", allowed: ["base64", "json", "none"])
      }
    }

    /// The last item of each hook that the run still holds, in the order of the hooks.
    private static func newest(of topic: Topic) -> [TopicItem] {
      var last: [UInt32: TopicItem] = [:]
      for item in topic.pieces().joined() {
        guard let event = item.activation else { continue }
        last[event.frame.frame.hookIndex] = item
      }
      return last.sorted { $0.key < $1.key }.map(\.value)
    }
  }
}
