internal import Streams
internal import Frames
internal import JSON
internal import Tokenizers
internal import Runs

/// What one item of a run means for a completion.
enum CompletionStep: Sendable {
  /// A tensor, described by its event.
  case tensor(Tensor)
  case token(id: Token, text: String, logprob: Double, top: [(id: Token, logprob: Double)])
  /// Text that was held back and is plain text after all.
  case text(String)
  case finished(reason: String, prompt: Int, completion: Int, cached: Int)
  case failed(JSONValue)

  /// A captured tensor on its way into an answer.
  struct Tensor: Sendable {
    let hookID: String
    let description: JSONValue
    let frame: FrameBytes
    let encoding: TensorEncoding?
  }

  /// Reads an item; nil where it says nothing to a completion.
  init?(_ item: TopicItem, hooks: [RunHook]) {
    guard let event = try? JSONValue(parsing: item.text) else { return nil }
    switch EventType(rawValue: item.type) {
    case .activation:
      guard let bytes = item.frame,
        let frame = try? FrameBytes(checking: bytes, limits: FrameLimits(tensorBytes: .max)),
        let hookID = event["hook_id"]?.string
      else { return nil }
      let index = Int(frame.frame.hookIndex)
      let encoding = hooks.indices.contains(index) ? hooks[index].encoding : nil
      self = .tensor(
        Tensor(hookID: hookID, description: event, frame: frame, encoding: encoding))
    case .token:
      guard let id = event["token_id"]?.integer.flatMap({ Token(exactly: $0) }) else { return nil }
      let top = (event["top"]?.array ?? []).compactMap { entry -> (id: Token, logprob: Double)? in
        guard let id = entry["token_id"]?.integer.flatMap({ Token(exactly: $0) }),
          let logprob = entry["logprob"]?.double
        else { return nil }
        return (id, logprob)
      }
      self = .token(
        id: id, text: event["text"]?.string ?? "", logprob: event["logprob"]?.double ?? 0, top: top)
    case .text: self = .text(event["text"]?.string ?? "")
    case .runFinished:
      let usage = event["usage"]
      func count(_ name: String) -> Int { Int(usage?[name]?.integer ?? 0) }
      self = .finished(
        reason: event["finish_reason"]?.string ?? "stop", prompt: count("prompt_tokens"),
        completion: count("completion_tokens"),
        cached: Int(usage?["prompt_tokens_details"]?["cached_tokens"]?.integer ?? 0))
    case .error: self = .failed(event["error"] ?? .null)
    default: return nil
    }
  }
}
