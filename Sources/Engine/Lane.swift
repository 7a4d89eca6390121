internal import Constraints
internal import Hooks
internal import Loops
internal import Models
internal import Tensors
internal import Tokenizers

/// The sessions of one loaded model, and the memory of its passes.
///
/// - Isolation: lives on the engine's loop.
final class Lane {
  let loaded: LoadedModel
  private let model: LanguageModel
  /// Waiting and active sessions, in the order of admission.
  private(set) var sessions: [Session] = []
  private let options: EngineOptions
  private let workspace: Workspace
  private let batch: ForwardBatch
  private var prefixes: PrefixStore
  private var pace: PromptPace
  private var planner: PassPlanner
  private let memory: CaptureMemory
  /// Sessions of the batch under way, by part.
  private var batched: [Session] = []
  /// Sessions that could be computed, and what the planner sees of them; kept for their memory.
  private var runnable: [Session] = []
  private var candidates: [PassPlanner.Candidate] = []

  /// - Parameters:
  ///   - model: the loaded one's weights.
  ///   - memory: where captures of all models are counted.
  init(
    _ loaded: LoadedModel, _ model: LanguageModel, _ options: EngineOptions,
    memory: CaptureMemory? = nil
  ) {
    self.memory = memory ?? CaptureMemory(limit: options.captureMemory)
    self.loaded = loaded
    self.model = model
    self.options = options
    let chunk = min(options.promptChunk, loaded.info.contextLength)
    workspace = Workspace(
      for: model, maxRows: chunk + options.maxActive * ForwardBatch.decodeLimit,
      maxScores: options.maxActive + PassPlanner.promptsPerPass)
    batch = ForwardBatch(layers: loaded.info.layers)
    prefixes = PrefixStore(limit: options.keptPrefixes)
    pace = PromptPace(first: options.sharedPromptChunk, longest: chunk)
    planner = PassPlanner(places: options.maxActive)
  }

  var isEmpty: Bool { sessions.isEmpty }
  /// Sessions that have not begun.
  var waiting: Int { sessions.count { $0.began == nil } }
  /// Those of one client.
  func waiting(of client: ClientKey) -> Int {
    sessions.count { $0.began == nil && $0.request.client == client }
  }
  /// Positions whose keys and values its sessions hold.
  var cachedPositions: Int { sessions.reduce(0) { $0 + $1.cache.length } }
  var hasWork: Bool { sessions.contains { $0.generation.isCancelled || $0.isRunnable } }

  func add(_ session: Session) {
    session.client = planner.join(session.request.client)
    sessions.append(session)
  }
  func session(_ generation: Generation) -> Session? {
    sessions.first { $0.generation == generation }
  }

  /// A cache for a new request: the beginning it shares with an earlier prompt, or an empty one.
  ///
  /// A request that looks at its prompt or changes it computes all of it.
  func cache(for request: GenerationRequest) -> KeyValueCache {
    // Positions whose scores are wanted are computed.
    let kept = request.promptScoring.map { Array(request.tokens.prefix($0.from)) }
    if request.captures.isEmpty, request.interventions.isEmpty,
      request.tokens.count > ForwardBatch.decodeLimit,
      let shared = prefixes.longest(for: kept ?? request.tokens)
    {
      return shared
    }
    return KeyValueCache(shape: model.cacheShape)
  }

  // MARK: A step

  /// Runs one forward pass over what is planned: sessions that decode, and chunks of prompts.
  func step(_ arithmetic: Arithmetic) {
    removeCancelled()
    fillBatch()
    guard !batched.isEmpty else { return }
    let began = Clock.now
    model.forward(batch, workspace, arithmetic)
    let pass = PassFacts(
      decodeRows: batch.decodeRows, promptRows: batch.tokens.count - batch.decodeRows,
      seconds: Clock.now - began)
    pace.note(tokens: pass.promptRows, seconds: pass.seconds)
    options.observer?.note(pass)
    if let fault = loaded.fault { return failAll(fault) }
    var scored = 0
    for session in batched {
      guard session.pending.isEmpty else {
        // Of a run that computes its positions again nobody waits for a prompt.
        guard session.step == 0 else { continue }
        session.sink.receive(
          .promptProgress(processed: session.cache.length, total: session.promptCount),
          of: session.generation)
        continue
      }
      let scores = model.scores(scored, of: workspace)
      scored += 1
      finishPass(session, scores, arithmetic)
    }
    batched.removeAll(keepingCapacity: true)
  }

  /// Ends every session: what the pass computed, and whatever would come after it, is worth nothing.
  private func failAll(_ error: EngineError) {
    for session in sessions {
      planner.leave(session.client)
      session.sink.receive(.failed(error), of: session.generation)
    }
    sessions.removeAll()
    batched.removeAll()
    prefixes = PrefixStore(limit: options.keptPrefixes)
  }

  private func removeCancelled() {
    guard sessions.contains(where: \.generation.isCancelled) else { return }
    for session in sessions where session.generation.isCancelled { end(session, .cancelled) }
  }

  private func fillBatch() {
    batch.removeAll()
    runnable.removeAll(keepingCapacity: true)
    candidates.removeAll(keepingCapacity: true)
    for session in sessions where session.isRunnable {
      session.prepare(model)
      runnable.append(session)
      candidates.append(candidate(session))
    }
    planner.plan(candidates, promptRows: promptRows)
    for part in planner.parts {
      let session = runnable[part.candidate]
      guard begin(session) else { continue }
      session.lastPass = planner.pass
      add(session, count: part.count, isDecode: part.isDecode)
    }
    runnable.removeAll(keepingCapacity: true)
  }

  private func candidate(_ session: Session) -> PassPlanner.Candidate {
    let pending = session.pending.count
    return PassPlanner.Candidate(
      client: session.client, pending: pending,
      remaining: pending + max(session.request.maxTokens - session.generatedCount, 0),
      isDecoding: session.isDecoding, hasBegun: session.began != nil, lastPass: session.lastPass)
  }

  /// Rows of prompts in the next pass: few while somebody waits for a token, more while all wait for their first.
  private var promptRows: Int {
    candidates.contains(where: \.isDecoding)
      ? pace.chunk(seconds: options.tokenGap, least: EngineOptions.minimumChunk)
      : pace.chunk(seconds: options.promptGap, least: options.sharedPromptChunk)
  }

  /// Begins a session's pass; false where its captures have no memory, now or ever.
  private func begin(_ session: Session) -> Bool {
    do throws(EngineError) {
      return try session.beginPass(memory)
    } catch {
      remove(session)
      session.sink.receive(.failed(error), of: session.generation)
      return false
    }
  }

  /// Has sessions that wait for memory try again.
  func noteRoom() {
    for session in sessions { session.awaitsMemory = false }
  }

  private func add(_ session: Session, count: Int, isDecode: Bool) {
    if session.began == nil { session.began = Clock.now }
    let next = session.pending.prefix(count)
    batch.add(
      session.cache, tokens: next, isDecode: isDecode,
      scores: next.count == session.pending.count ? .last : .none,
      tap: session.tap.isIdle ? nil : session.tap, reader: session.scorer)
    batched.append(session)
  }

  private func finishPass(
    _ session: Session, _ scores: UnsafeMutableBufferPointer<Float>, _ arithmetic: Arithmetic
  ) {
    let step = session.step
    session.isInPass = false
    session.isRecomputing = false
    if step == 0 {
      session.decodeBegan = Clock.now
      session.sink.receive(
        .promptProgress(processed: session.promptCount, total: session.promptCount),
        of: session.generation)
      if session.interventions.isEmpty, !session.isDecoding {
        prefixes.keep(session.tokens[..<session.promptCount], session.cache)
      }
    }
    if let captures = session.tap.finishPass() {
      session.sink.receive(.captures(captures), of: session.generation)
      session.watch(captures)
    }
    if let scorer = session.scorer.take() {
      guard scorer.isFinite else { return fail(session, .notFinite(step: step)) }
      session.sink.receive(.promptScores(scorer.scores), of: session.generation)
    }
    guard session.request.maxTokens > 0 else { return end(session, .length) }
    let mask = session.nextMask()
    // Nothing more can be written: the text is whole, or the vocabulary can't go on.
    if mask?.isEmpty ?? false { return end(session, session.isWhole ? .stop : .length) }
    guard
      let choice = session.sampler.choose(
        scores, within: mask, seen: session.seen, generated: session.generated, step: step,
        arithmetic)
    else { return fail(session, .notFinite(step: step)) }
    take(choice, session, step: step)
  }

  private func fail(_ session: Session, _ error: EngineError) {
    _ = session.tellFired(goesOn: false)
    remove(session)
    session.sink.receive(.failed(error), of: session.generation)
  }

  private func take(_ choice: Sampler.Choice, _ session: Session, step: Int) {
    let token = choice.score.token
    session.append(token)
    session.step += 1
    session.request.grant?.allowance.spend(1, at: .now)
    let isStop = session.request.stopTokens.contains(token)
    if !isStop { session.follow(token, isFirst: session.generatedCount == 1) }
    let text = isStop ? "" : session.stops.append(session.decoder.append(token))
    let isStopped = isStop || session.stops.isStopped || session.isWhole
    let isFull =
      session.generatedCount >= session.request.maxTokens
      || session.tokens.count > loaded.info.contextLength
    session.watch(choice.score, step: step)
    let isWatched = session.tellFired(goesOn: !isStopped && !isFull)
    session.sink.receive(
      .token(step: step, token: token, text: text, score: choice.score, top: choice.top),
      of: session.generation)
    if isStopped {
      end(session, .stop)
    } else if isFull {
      end(session, .length)
    } else if session.pauses(isWatched: isWatched) {
      session.state = .paused
      session.sink.receive(.paused(step: step), of: session.generation)
    }
  }

  private func end(_ session: Session, _ reason: FinishReason) {
    _ = session.tellFired(goesOn: false)
    remove(session)
    // What a stop string might have begun with is plain text after all.
    if reason != .cancelled {
      let rest = session.stops.append(session.decoder.finish()) + session.stops.finish()
      if !rest.isEmpty { session.sink.receive(.text(rest), of: session.generation) }
    }
    let now = Clock.now
    var summary = GenerationSummary()
    summary.promptTokens = session.promptCount
    summary.completionTokens = session.generatedCount
    summary.reusedTokens = session.reused
    summary.queueSeconds = (session.began ?? now) - session.admitted
    summary.promptSeconds = session.began.map { (session.decodeBegan ?? now) - $0 } ?? 0
    summary.decodeSeconds = session.decodeBegan.map { now - $0 } ?? 0
    session.sink.receive(.finished(reason, summary), of: session.generation)
  }

  private func remove(_ session: Session) {
    planner.leave(session.client)
    sessions.removeAll { $0 === session }
  }
}
