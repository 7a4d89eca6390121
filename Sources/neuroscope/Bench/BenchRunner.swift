internal import Engine
internal import Hooks
internal import Tokenizers

/// Runs generations of given sizes and times them.
struct BenchRunner {
  let engine: Engine
  let model: LoadedModel

  /// Seconds for a prompt, from its first pass to its first token.
  func promptSeconds(tokens: Int, capture: BenchCapture, seed: UInt64) async throws -> Double {
    let sink = BenchSink()
    try await start(request(tokens: tokens, generate: 1, capture: capture, seed: seed), sink)
    return try await sink.result().summary.promptSeconds
  }

  /// Tokens per second of `batch` sessions together, counted while all of them decode.
  func decodeSpeed(
    tokens: Int, depth: Int, batch: Int, capture: BenchCapture, seed: UInt64
  ) async throws -> Double {
    let sinks = (0..<batch).map { _ in BenchSink() }
    for (index, sink) in sinks.enumerated() {
      let seed = seed &* 1000 &+ UInt64(index)
      try await start(
        request(tokens: depth, generate: tokens + 1, capture: capture, seed: seed), sink)
    }
    var results: [BenchSink.Result] = []
    for sink in sinks { results.append(try await sink.result()) }
    let begins = results.compactMap(\.tokens.first).max()
    let ends = results.compactMap(\.tokens.last).min()
    guard let begins, let ends, ends > begins else { return 0 }
    let count = results.reduce(0) { $0 + $1.tokens.count { $0 > begins && $0 <= ends } }
    return Figures.perSecond(count, (ends - begins) / .seconds(1))
  }

  /// The captures of a prompt, kept.
  func captures(tokens: Int, capture: BenchCapture) async throws -> [CaptureBatch] {
    let sink = BenchSink(keepsBatches: true)
    try await start(request(tokens: tokens, generate: 4, capture: capture, seed: 1), sink)
    return try await sink.result().batches
  }

  private func start(_ request: GenerationRequest, _ sink: BenchSink) async throws {
    do { _ = try await engine.start(request, sink: sink) } catch { throw CommandFailure(error) }
  }

  private func request(
    tokens: Int, generate: Int, capture: BenchCapture, seed: UInt64
  ) -> GenerationRequest {
    GenerationRequest(
      model: model, tokens: prompt(tokens, seed: seed), maxTokens: generate,
      sampling: SamplingOptions(temperature: 0), captures: capture.specs(model.catalogue))
  }

  /// Pseudo-random tokens, equal for equal seeds (SplitMix64, Steele and others, 2014).
  private func prompt(_ count: Int, seed: UInt64) -> [Token] {
    var state = seed &+ 0x9E37_79B9_7F4A_7C15
    return (0..<count).map { _ in
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      mixed ^= mixed >> 31
      return Token(mixed % UInt64(max(model.info.vocabularySize, 1)))
    }
  }
}
