import Engine
import Loops
import Testing

@testable import API
@testable import Runs

@Suite(.timeLimit(.minutes(5))) struct `Places for runs` {
  private func start(_ client: String, _ kit: ServerKit) async throws -> Run? {
    let model = try #require(kit.server.service.engine.current)
    var order = RunOrder(model: model, tokens: [5, 6, 7], sampling: SamplingRequest())
    order.isDetached = true
    order.startsPaused = true
    let wish = order
    return try await ClientKey.$current.withValue(ClientKey(client)) {
      do {
        return try await kit.server.service.start(wish)
      } catch Refusal.run {
        return nil
      }
    }
  }

  @Test func `one client's paused runs leave places for others, and come free when they end`()
    async throws
  {
    let kit = try await ServerKit { $0.runLimit = 8 }
    var runs: [Run] = []
    for _ in 0..<6 { runs.append(try #require(try await start("a", kit))) }
    #expect(try await start("a", kit) == nil)
    #expect(try await start("b", kit) != nil)
    #expect(try await start("b", kit) != nil)
    // All eight are taken now, whoever asks.
    #expect(try await start("c", kit) == nil)
    kit.server.service.runs.noteEnd(runs[0].id)
    #expect(try await start("a", kit) != nil)
    for run in kit.server.service.runs.active { run.cancel() }
  }
}
