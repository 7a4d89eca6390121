internal import Constraints
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
  private let pool: CapturePool
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
  /// Whether its next pass has no memory for its captures yet.
  var awaitsMemory = false
  /// True while a pass computes all positions again, since the run crossed LongRoPE's original context.
  var isRecomputing = false
  /// Prompt positions taken over from another session's cache.
  var reused = 0
  /// Reads the scores of the prompt's positions, until the prompt is read.
  var scorer: PromptScorer?
  /// Looks for what it is watched for; nil where that is nothing.
  var watcher: Watcher?
  /// The same as it was changed since, from the next pass on.
  var watches: WatchList
  /// What fired in the pass whose token is not chosen yet.
  var fired: [WatchFiring] = []

  /// Where the text stands in its constraint.
  var cursor: ConstraintCursor?
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
    self.pool = pool
    promptCount = request.tokens.count
    tokens = request.tokens
    step = 0
    state = request.startsPaused ? .paused : .running
    captures = request.captures
    interventions = request.interventions
    tap = RunTap(catalogue: request.model.catalogue, pool: pool)
    scorer = request.promptScoring.map { PromptScorer($0, request.tokens) }
    sampler = Sampler(options: request.sampling, topLogprobs: request.topLogprobs)
    decoder = TextDecoder(request.model.tokenizer, skipSpecial: !request.keepsSpecialText)
    stops = StopMatcher(request.stopStrings)
    cursor = request.constraint?.start()
    watcher = request.watches.isEmpty ? nil : Watcher(request.watches)
    watches = WatchList(request.watches)
    for token in tokens { seen[token, default: 0] += 1 }
  }

  var generatedCount: Int { tokens.count - promptCount }
  /// Tokens the cache does not hold yet.
  var pending: ArraySlice<Token> { tokens[cache.length...] }
  /// Whether its passes read weights for few rows: decided by the session alone, so its bits are its own.
  var isDecoding: Bool {
    !isRecomputing && (step > 0 || promptCount <= ForwardBatch.decodeLimit)
  }
  var isRunnable: Bool { state == .running && !generation.isHeld && !awaitsMemory }
  /// The first pass that a change made now can reach.
  var nextPass: Int { isInPass ? step + 1 : step }

  /// Empties the cache where the tokens there are now take the other set of rotary frequencies.
  func prepare(_ model: LanguageModel) {
    guard model.prepare(cache, for: tokens.count) else { return }
    if step == 0 { reused = 0 }
    isRecomputing = pending.count > ForwardBatch.decodeLimit
  }

  /// Bytes that the captures of the next pass take: what was changed since the last one takes effect.
  func planPass() -> Int {
    if needsCompile {
      tap.setCaptures(captures)
      tap.setInterventions(interventions)
      followWatches()
      watcher?.setCaptures(captures)
      needsCompile = false
    }
    return tap.planPass(step: step, positions: nextPositions)
  }

  /// Bytes that some captures would take in the first pass that a change made now can reach.
  func bytes(of captures: [CaptureSpec]) -> Int {
    // A tap of its own: the session's may be in the middle of a pass.
    let tap = RunTap(catalogue: request.model.catalogue, pool: pool)
    tap.setCaptures(captures)
    return tap.planPass(
      step: nextPass, positions: isInPass ? tokens.count..<tokens.count + 1 : nextPositions)
  }

  private var nextPositions: Range<Int> {
    (step == 0 ? reused : promptCount + step - 1)..<tokens.count
  }

  /// Begins the next pass, unless it is under way.
  ///
  /// - Returns: whether there is memory for its captures; without, it waits for some.
  /// - Throws: `EngineError.captureMemory` where there never can be.
  func beginPass(_ memory: CaptureMemory) throws(EngineError) -> Bool {
    guard !isInPass else { return true }
    let bytes = planPass()
    try memory.check(bytes)
    let charge = bytes == 0 ? nil : memory.reserve(bytes, for: request.client)
    awaitsMemory = bytes > 0 && charge == nil
    guard !awaitsMemory else { return false }
    isInPass = true
    for intervention in interventions
    where intervention.fromStep <= step && announced.insert(intervention.id).inserted {
      sink.receive(
        .interventionApplied(id: intervention.id, firstStep: step), of: generation)
    }
    tap.beginPass(step: step, positions: nextPositions, charge: charge)
    return true
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
    watcher?.forget()
    restoreText()
  }

  /// Brings decoder and stop matcher to where the tokens are; answers the text of each generated token.
  @discardableResult
  private func restoreText() -> [String] {
    decoder = TextDecoder(request.model.tokenizer, skipSpecial: !request.keepsSpecialText)
    stops = StopMatcher(request.stopStrings)
    restoreConstraint()
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
    if request.watches == watches.current, var own = watcher {
      own.follow(watches)
      child.watcher = own.renumbered
    }
    return (child, child.restoreText())
  }
}
