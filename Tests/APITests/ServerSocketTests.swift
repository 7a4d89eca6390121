import Frames
import JSON
import TestKit
import Testing

@testable import API
@testable import Runs

/// The conversation over a WebSocket.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerSocketTests {
  private static let start =
    #"{"id":1,"command":"start","prompt":"The capital of France","max_tokens":5,"temperature":0,"#
    + #""activation_hooks":[{"layer_name":"transformer.h.0","component":"residual"}]}"#

  @Test func `a start is answered first, then the run follows with its frames`() async throws {
    let kit = try await ServerKit.shared()
    let socket = try await WebSocketTestClient(kit)
    #expect(socket.response["Sec-WebSocket-Protocol"] == "neuroscope.v1")
    await socket.send(text: Self.start)
    var frames: [[UInt8]] = []
    let reply = try #require(try await socket.message(frames: &frames))
    #expect(reply["type"]?.string == "reply" && reply["id"]?.integer == 1)
    #expect(reply["ok"]?.bool == true)
    var types: [String] = []
    while let message = try await socket.message(frames: &frames) {
      types.append(message["type"]?.string ?? "")
      if types.last == "run.finished" { break }
    }
    #expect(types.first == "run.started")
    #expect(types.count { $0 == "activation" } == types.count { $0 == "token" })
    #expect(frames.count == types.count { $0 == "activation" })
    for bytes in frames { _ = try FrameBytes(checking: bytes) }
  }

  @Test func `two runs are watched at once, each message naming its own`() async throws {
    let kit = try await ServerKit.shared()
    let socket = try await WebSocketTestClient(kit)
    for _ in 0..<2 { await socket.send(text: Self.start) }
    var frames: [[UInt8]] = []
    var finished: Set<String> = []
    while finished.count < 2, let message = try await socket.message(frames: &frames) {
      if message["type"]?.string == "run.finished" {
        finished.insert(message["run_id"]?.string ?? "")
      }
    }
    #expect(finished.count == 2)
  }

  @Test(arguments: [10, 998, 999, 100_000])
  func `a command's id comes back, unless it is too long to be repeated`(length: Int) async throws {
    let kit = try await ServerKit.shared()
    let socket = try await WebSocketTestClient(kit)
    let id = String(repeating: "i", count: length)
    for command in ["ping", "nothing"] {
      await socket.send(text: #"{"id":"\#(id)","command":"\#(command)"}"#)
      var frames: [[UInt8]] = []
      let reply = try #require(try await socket.message(frames: &frames))
      if length <= 998 {
        #expect(reply["id"]?.string == id)
        #expect(reply["ok"]?.bool == (command == "ping"))
      } else {
        #expect(reply["id"] == .null)
        #expect(reply["code"]?.string == "out_of_range")
      }
    }
  }

  @Test func `commands are refused by id, in the words of REST`() async throws {
    let kit = try await ServerKit.shared()
    let socket = try await WebSocketTestClient(kit)
    let cases: [(String, String)] = [
      (#"{"id":"x","command":"cancel","run_id":"run_absent"}"#, "Run run_absent not found"),
      (#"{"id":"x","command":"cancel"}"#, "run_id is required"),
      (#"{"id":"x"}"#, "command is required"),
      (#"{"id":"x","command":"start"}"#, "Messages are required"),
    ]
    var frames: [[UInt8]] = []
    for (command, sentence) in cases {
      await socket.send(text: command)
      let reply = try await socket.message(frames: &frames)
      #expect(reply?["id"]?.string == "x")
      #expect(reply?["ok"]?.bool == false)
      #expect(reply?["error"]?.string == sentence)
    }
    await socket.send(text: #"{"id":{"a":[1]},"command":"ping"}"#)
    let pong = try await socket.message(frames: &frames)
    #expect(pong?["id"] == ["a": [1]])
    #expect(pong?["ok"]?.bool == true)
  }

  @Test func `a socket that closes ends the runs it alone watched`() async throws {
    let kit = try await ServerKit.shared()
    let socket = try await WebSocketTestClient(kit)
    await socket.send(
      text: #"{"id":1,"command":"start","prompt":"a","max_tokens":400,"temperature":1,"seed":4}"#)
    var frames: [[UInt8]] = []
    let reply = try await socket.message(frames: &frames)
    let run = try #require(reply?["run_id"]?.string)
    socket.client.close()
    #expect(
      await eventually {
        let status = try? await kit.json("GET", "/v1/runs/\(run)")["status"]?.string
        return status == "cancelled" || status == "finished"
      })
  }

  @Test func `a socket steers its run`() async throws {
    let kit = try await ServerKit.shared()
    let socket = try await WebSocketTestClient(kit)
    await socket.send(
      text: #"{"id":1,"command":"start","prompt":"a","max_tokens":30,"start":"paused"}"#)
    var frames: [[UInt8]] = []
    let started = try await socket.message(frames: &frames)
    let run = try #require(started?["run_id"]?.string)
    func ask(_ command: String) async throws -> JSONValue? {
      await socket.send(text: #"{"id":2,"run_id":"\#(run)",\#(command)}"#)
      while let message = try await socket.message(frames: &frames) {
        if message["type"]?.string == "reply" { return message }
      }
      return nil
    }
    #expect(try await ask(#""command":"step","count":2"#)?["ok"]?.bool == true)
    let zero =
      #""command":"intervene","layer_name":"transformer.h.1","component":"mlp","kind":"zero""#
    #expect(try await ask(zero)?["first_step"]?.integer != nil)
    #expect(try await ask(#""command":"resume""#)?["ok"]?.bool == true)
    #expect(try await ask(#""command":"cancel""#)?["ok"]?.bool == true)
  }
}
