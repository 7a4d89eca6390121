import TestKit
import Testing

@testable import Frames
import JSON

@Suite struct EventTests {
  func text(_ contents: EventContents) -> String {
    let event = Event(contents, runID: "r1", sequence: 3, step: 2, milliseconds: 12.3456)
    return String(decoding: event.json(), as: UTF8.self)
  }

  @Test func `a token is one line with the envelope first`() {
    let top = [EventContents.Alternative(tokenID: 5, text: "a\"\n", logprob: -0.5)]
    #expect(
      text(.token(id: 7, text: " é", logprob: -0.25, top: top))
        == #"{"type":"token","run_id":"r1","seq":3,"step":2,"time_ms":12.346,"token_id":7,"text":" é","#
        + #""logprob":-0.25,"top":[{"token_id":5,"text":"a\"\n","logprob":-0.5}]}"#)
  }

  @Test func `every type reads back equal, unknown members too`() throws {
    let contents: [EventContents] = [
      .runStarted(
        model: "m", modelHash: nil, tokenIDs: [1, 2], pieces: ["a", "b"], hooks: [["index": 0]],
        sampling: ["temperature": 0.7]),
      .promptProgress(processed: 1, total: 2), .token(id: 1, text: "", logprob: nil, top: []),
      .analysis(name: "lens", result: [1, 2.5, .null, true, "x"]),
      .interventionApplied(interventionID: "i", firstStep: 4), .runPaused, .runResumed,
      .runForked(childRunID: "c"),
      .gap([.init(hookID: "h", firstSequence: 1, lastSequence: 9, count: 3)]),
      .runFinished(reason: "stop", usage: ["total_tokens": 3], timings: [:]),
      .error(["message": "m"]),
    ]
    for content in contents {
      let event = Event(content, runID: "r", sequence: 1, step: 0, milliseconds: 0.5)
      #expect(try Event(JSONValue(parsing: event.json())) == event)
      #expect(!event.json().contains(0x0a))
    }
  }

  @Test func `an envelope that lacks a member is no event`() throws {
    #expect(try Event(JSONValue(parsing: Array(#"{"type":"token","seq":1}"#.utf8))) == nil)
  }
}

@Suite struct NestedNumbersTests {
  @Test func `numbers that JSON cannot hold become null`() {
    var writer = JSONWriter()
    let values: [Float] = [1, .nan, .infinity, -.infinity, 1e-20, 0.1]
    writer.nested(values.span, shape: [1, 2, 3])
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "[[[1.0,null,null],[null,1e-20,0.1]]]")
  }

  @Test func `a shape of zeros nests to nothing and a wrong shape loses no number`() {
    var writer = JSONWriter()
    writer.array { writer in
      writer.nested([Float]().span, shape: [2, 0])
      writer.nested([1 as Float, 2].span, shape: [3])
      writer.nested([5 as Float].span, shape: [])
    }
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "[[[],[]],[1.0,2.0],[5.0]]")
  }
}
