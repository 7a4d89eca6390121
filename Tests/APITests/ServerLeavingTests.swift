import Engine
import TestKit
import Testing

@testable import API
@testable import Runs

/// Whoever leaves alone, by whichever door, takes the computing along.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerLeavingTests {
  /// A client of one kind: its request, and that its connection is cut rather than closed.
  struct Client: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let path: String
    let body: String
    var isReset = false
  }

  private static let hooks = (0..<24).map {
    #"{"layer_name":"transformer.h.\#($0)","component":"attention_scores","hook_id":"s\#($0)"}"#
  }.joined(separator: ",")

  /// Tensors of every layer at every step make it long.
  private static func chat(_ more: String) -> String {
    #"{\#(ServerKit.france),"temperature":2,"seed":3,"max_tokens":400,"ignore_eos":true,"#
      + #""activation_hooks":[\#(hooks)]\#(more)}"#
  }

  /// More passes than any test waits for.
  private static func sweep(_ more: String) -> String {
    #"{"analysis":"activation_patching","component":"resid_pre","answer":1,"wrong":2,"#
      + #""clean":{"tokens":\#(Array(repeating: 5, count: 300))},"#
      + #""corrupted":{"tokens":\#(Array(repeating: 6, count: 300))}\#(more)}"#
  }

  private static let activations = "/v1/chat/completions/with_activations"

  static let clients = [
    Client(testDescription: "an analysis, waiting", path: "/v1/analyses", body: sweep("")),
    Client(
      testDescription: "an analysis, waiting, cut off", path: "/v1/analyses", body: sweep(""),
      isReset: true),
    Client(
      testDescription: "an analysis, streamed", path: "/v1/analyses",
      body: sweep(#","stream":true"#)),
    Client(testDescription: "a chat, waiting", path: activations, body: chat("")),
    Client(
      testDescription: "a chat, streamed", path: activations, body: chat(#","stream":true"#)),
    Client(
      testDescription: "a chat, streamed, cut off", path: activations,
      body: chat(#","stream":true"#), isReset: true),
  ]

  @Test(arguments: clients)
  func `the engine's place is free within a step or two of a client's leaving`(
    client: Client
  ) async throws {
    let kit = try await ServerKit { $0.engine.promptChunk = 32 }
    let engine = kit.server.service.engine
    var peer: LoopbackClient? = try kit.client()
    await peer?.send(ServerKit.request("POST", client.path, client.body))
    #expect(await eventually { await engine.generationCount == 1 })
    let before = try await probe(kit)
    if client.isReset { peer?.resetWhenReleased() } else { peer?.close() }
    peer = nil
    // Generations are numbered: two in a row are the sign that no other is begun any more.
    var numbers = [before]
    #expect(
      await eventually {
        guard let next = try? await probe(kit), let last = numbers.last else { return false }
        numbers.append(next)
        return next == last + 1
      })
    let begun = (numbers.last ?? .max) - before - UInt64(numbers.count - 1)
    #expect(begun < 6)
    #expect(await eventually { await engine.generationCount == numbers.count })
    for any in kit.server.service.runs.all {
      guard let run = any as? Run else {
        #expect(await eventually { await any.isOver() })
        continue
      }
      guard run.order.maxTokens > 1 else { continue }
      #expect(await eventually { await run.facts.status == .cancelled })
      #expect(await run.facts.completionTokens < 400)
    }
  }

  /// The number of a generation that is begun now and stands still.
  private func probe(_ kit: ServerKit) async throws -> UInt64 {
    let run = try await kit.start(
      #"{"prompt":"Once","max_tokens":1,"detach":true,"start":"paused"}"#)
    return try #require(try kit.server.service.computed(run).generation).id
  }
}
