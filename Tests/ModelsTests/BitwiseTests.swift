import Hooks
import Models
import Tensors
import TestKit
import Testing

/// Laws about equal bits: what is watched, who else is there and how a prompt is cut must not matter.
@Suite struct `The same request has the same bits` {
  static let prompt: [Int32] = (0..<70).map { 3 + ($0 * 37 + $0 * $0) % 500 }

  @Test func `watching every point changes nothing`() throws {
    let runner = try ModelRunner(TestModels.bundled)
    let plain = runner.prefill(Self.prompt)
    let watched = runner.prefill(Self.prompt, watching: runner.points)
    #expect(watched.captured.count == runner.points.count)
    #expect(plain.logits == watched.logits)
  }

  @Test(arguments: [1, 3, 16, 33, 69])
  func `a prompt may be cut into chunks of any size`(chunk: Int) throws {
    let runner = try ModelRunner(TestModels.bundled)
    let points = runner.points.filter { $0.site == .residualPost || $0.site == .attentionPattern }
    let whole = runner.prefill(Self.prompt, watching: points)
    let cut = runner.prefill(Self.prompt, watching: points, chunk: chunk)
    #expect(whole.logits == cut.logits)
    #expect(whole.captured == cut.captured)
  }

  @Test func `decoding among others equals decoding alone`() throws {
    let runner = try ModelRunner(TestModels.bundled)
    let prompts = (1...5).map { Array(Self.prompt.prefix($0 * 11)) }
    func sessions() -> [KeyValueCache] {
      prompts.map { prompt in
        let cache = KeyValueCache(shape: runner.model.cacheShape)
        _ = runner.extend(cache, prompt, step: 0)
        return cache
      }
    }
    let together = sessions()
    let apart = sessions()
    for token in [Int32(7), 99, 250] {
      let batched = runner.decode(together.map { ($0, token) })
      let single = apart.map { runner.decode([($0, token)])[0] }
      #expect(batched == single)
    }
  }

  @Test func `the number of threads does not matter`() throws {
    let one = try ModelRunner(TestModels.bundled, threads: 1).prefill(Self.prompt)
    let three = try ModelRunner(TestModels.bundled, threads: 3).prefill(Self.prompt)
    #expect(one.logits == three.logits)
  }

  @Test func `a fork writes into pages of its own`() throws {
    let runner = try ModelRunner(TestModels.bundled)
    let cache = KeyValueCache(shape: runner.model.cacheShape)
    _ = runner.extend(cache, Self.prompt, step: 0)
    let fork = cache.fork(length: 50)
    let expected = runner.decode([(cache.fork(length: cache.length), 5)])
    _ = runner.decode([(fork, 9)])
    _ = runner.decode([(fork, 11)])
    #expect(runner.decode([(cache, 5)]) == expected)
    #expect(cache.length == 71 && fork.length == 52)
  }

  @Test func `decoding step by step agrees with reading the same tokens at once`() throws {
    let runner = try ModelRunner(TestModels.bundled)
    let cache = KeyValueCache(shape: runner.model.cacheShape)
    _ = runner.extend(cache, Array(Self.prompt.prefix(40)), step: 0)
    var stepped: [Float] = []
    for token in Self.prompt[40...] { stepped = runner.decode([(cache, token)])[0] }
    let atOnce = runner.prefill(Self.prompt).logits
    // Decoding and prompts add in another order, so this is a tolerance, not equality.
    let largest = atOnce.map(abs).max() ?? 1
    let difference = zip(stepped, atOnce).map { abs($0 - $1) }.max() ?? 0
    #expect(difference <= 5e-5 * largest)
  }
}
