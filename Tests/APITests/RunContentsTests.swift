import Frames
import JSON
import StreamKit
import Streams
import TestKit
import Testing

@testable import API
@testable import Runs

/// What a run's items say as values, beside their bytes.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct RunContentsTests {
  /// The items of a finished run that samples, stops late and captures.
  private func items() async throws -> [TopicItem] {
    let kit = try await ServerKit()
    let id = try await kit.start(
      #"{"prompt":"Once upon a time","max_tokens":12,"ignore_eos":true,"top_logprobs":3,"stop":["\u0000never"],"#
        + #""activation_hooks":[{"layer_name":"transformer.h.3","component":"residual"}]}"#)
    let run = try kit.server.service.computed(id)
    #expect(await eventually { await run.isOver() })
    return run.topic.pieces().flatMap { $0 }
  }

  @Test func `events say in values what they say in text`() async throws {
    var types: [String: Int] = [:]
    for item in try await items() {
      guard let contents = item.contents else { continue }
      types[item.type, default: 0] += 1
      #expect(contents.type.rawValue == item.type)
      let event = try JSONValue(parsing: item.text)
      for field in contents.fields { #expect(event[field.name] == field.value, "\(field.name)") }
    }
    #expect(types["token"] == 12)
    #expect(types["run.finished"] == 1)
    #expect(types["run.started"] == nil, "its tree of hooks is kept once, as text")
  }

  @Test func `a tensor is the frame that its bytes are`() async throws {
    let tensors = try await items().compactMap { item in item.activation.map { (item, $0) } }
    #expect(tensors.count == 12)
    for (item, event) in tensors {
      #expect(item.frame == event.frame.bytes)
      #expect(try FrameBytes(checking: event.frame.bytes).frame == event.frame.frame)
      #expect(item.kind == .frame(hook: event.hook.id))
    }
  }
}
