internal import Hooks
internal import Models
internal import Tokenizers

/// One timeline of a generation: its tokens, its cache, its tap.
///
/// - Isolation: lives on the engine's loop and never leaves it.
final class Session {
  enum State { case running, paused }

  let generation: Generation
  let request: GenerationRequest
  let sink: any GenerationSink
  let promptCount: Int
  let cache: KeyValueCache
  let tap: RunTap
  let sampler: Sampler

  /// Prompt and generated tokens.
  var tokens: [Token]
  /// The next pass: 0 is the prompt's; pass n works on generated token n-1.
  var step: Int
  var state: State
  /// Passes left before it pauses again; nil where it runs on.
  var stepsLeft: Int?
  /// True between the first chunk of a pass and its last.
  var isInPass = false
  var captures: [CaptureSpec]
  var interventions: [Intervention]
  /// Interventions whose first pass has been announced.
  var announced: Set<String> = []
  var needsCompile = true
  /// True while a pass computes all positions again, since the run crossed LongRoPE's original context.
  var isRecomputing = false
  /// Prompt positions taken over from another session's cache.
  var reused = 0

  var decoder: TextDecoder
  var stops: StopMatcher
  var seen: [Token: Int] = [:]
  var generated: [Token: Int] = [:]

  /// The number of its client in the lane.
  var client = 0
  /// The last pass of the lane that it was part of, 0 before.
  var lastPass = 0
  var admitted = Clock.now
  var began: Double?
  var decodeBegan: Double?

  init(
    generation: Generation, request: GenerationRequest, sink: any GenerationSink,
    cache: KeyValueCache, pool: CapturePool
  ) {
    self.generation = generation
    self.request = request
    self.sink = sink
    self.cache = cache
    promptCount = request.tokens.count
    tokens = request.tokens
    step = 0
    state = request.startsPaused ? .paused : .running
    captures = request.captures
    interventions = request.interventions
    tap = RunTap(catalogue: request.model.catalogue, pool: pool)
    sampler = Sampler(options: request.sampling, topLogprobs: request.topLogprobs)
    decoder = TextDecoder(request.model.tokenizer, skipSpecial: !request.keepsSpecialText)
    stops = StopMatcher(request.stopStrings)
    for token in tokens { seen[token, default: 0] += 1 }
  }

  var generatedCount: Int { tokens.count - promptCount }
  /// Tokens the cache does not hold yet.
  var pending: ArraySlice<Token> { tokens[cache.length...] }
  /// Whether its passes read weights for few rows: decided by the session alone, so its bits are its own.
  var isDecoding: Bool {
    !isRecomputing && (step > 0 || promptCount <= ForwardBatch.decodeLimit)
  }
  var isRunnable: Bool { state == .running && !generation.isHeld }
  /// The first pass that a change made now can reach.
  var nextPass: Int { isInPass ? step + 1 : step }

  /// Empties the cache where the tokens there are now take the other set of rotary frequencies.
  func prepare(_ model: LanguageModel) {
    guard model.prepare(cache, for: tokens.count) else { return }
    if step == 0 { reused = 0 }
    isRecomputing = pending.count > ForwardBatch.decodeLimit
  }

  /// Begins a pass: what was changed since the last one takes effect.
  func beginPass() {
    guard !isInPass else { return }
    isInPass = true
    if needsCompile {
      tap.setCaptures(captures)
      tap.setInterventions(interventions)
      needsCompile = false
    }
    for intervention in interventions
    where intervention.fromStep <= step && announced.insert(intervention.id).inserted {
      sink.receive(
        .interventionApplied(id: intervention.id, firstStep: step), of: generation)
    }
    let first = step == 0 ? reused : promptCount + step - 1
    tap.beginPass(step: step, positions: first..<tokens.count)
  }

  /// Takes a chosen token in.
  func append(_ token: Token) {
    tokens.append(token)
    seen[token, default: 0] += 1
    generated[token, default: 0] += 1
  }

  /// Drops the tokens yielded after a pass, so that the pass after it is next.
  func rewind(to last: Int) {
    for token in tokens[(promptCount + last + 1)...] {
      seen[token, default: 1] -= 1
      if seen[token] == 0 { seen[token] = nil }
      generated[token, default: 1] -= 1
      if generated[token] == 0 { generated[token] = nil }
    }
    tokens.removeLast(tokens.count - (promptCount + last + 1))
    cache.truncate(to: min(cache.length, promptCount + last))
    step = last + 1
    isInPass = false
    restoreText()
  }

  /// Brings decoder and stop matcher to where the tokens are; answers the text of each generated token.
  @discardableResult
  private func restoreText() -> [String] {
    decoder = TextDecoder(request.model.tokenizer, skipSpecial: !request.keepsSpecialText)
    stops = StopMatcher(request.stopStrings)
    return tokens[promptCount...].map { stops.append(decoder.append($0)) }
  }

  /// A session that goes on from the same state, sharing the cache's pages.
  ///
  /// A prompt that was changed or looked at, or will be, is begun again where it is not read to its end: captures and
  /// changes reach all of it or nothing.
  func fork(
    _ generation: Generation, request: GenerationRequest, sink: any GenerationSink,
    pool: CapturePool
  ) -> (child: Session, pieces: [String]) {
    let isPlain = tap.isIdle && request.captures.isEmpty && request.interventions.isEmpty
    let child = Session(
      generation: generation, request: request, sink: sink,
      cache: cache.fork(length: step > 0 || isPlain ? cache.length : 0), pool: pool)
    child.tokens = tokens
    child.step = step
    child.reused = step == 0 ? child.cache.length : reused
    child.seen = seen
    child.generated = generated
    return (child, child.restoreText())
  }
}
