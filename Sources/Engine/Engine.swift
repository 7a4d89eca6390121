internal import Dispatch
package import Hooks
internal import Loops
internal import Models
internal import Synchronization
internal import Tensors
package import Tokenizers

/// The only caller of models: admits generations, batches them, and steps them one pass at a time.
///
/// All sessions of a model share each pass over its weights. Between two passes the loop is free, so a pause, a
/// cancellation or a new intervention takes effect within one step or one prompt chunk.
package actor Engine {
  package nonisolated let options: EngineOptions
  private nonisolated let loop: Loop
  private nonisolated let table = Mutex(ModelTable())
  private nonisolated let digests: DigestStore
  private nonisolated let nextID = Atomic<UInt64>(1)

  let arithmetic: Arithmetic
  private let pool = CapturePool()
  private nonisolated let memory: CaptureMemory
  private var lanes: [Lane] = []
  private var turn = 0
  private var isStepping = false

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    loop.asUnownedSerialExecutor()
  }

  package init(options: EngineOptions) {
    self.options = options
    digests = DigestStore(folder: options.digestFolder)
    loop = Loop(label: "neuroscope.engine")
    memory = CaptureMemory(limit: options.captureMemory)
    arithmetic = Arithmetic(
      threads: options.threads, instructionSet: options.instructionSet, numerics: options.numerics)
    memory.tellOfRoom { [weak self] in self?.noteRoom() }
  }

  /// Bytes that captures take now, from their pass to their last reader.
  package nonisolated var captureByteCount: Int { memory.byteCount }

  private nonisolated func noteRoom() {
    loop.execute {
      self.assumeIsolated { engine in
        for lane in engine.lanes { lane.noteRoom() }
        engine.awake()
      }
    }
  }

  // MARK: Models

  /// Loaded models, in the order of loading.
  package nonisolated var models: [LoadedModel] { table.withLock { $0.models } }
  /// The model of requests that name none: the one loaded last.
  package nonisolated var current: LoadedModel? { table.withLock { $0.current } }

  package nonisolated func model(_ id: String) -> LoadedModel? {
    table.withLock { $0.models.first { $0.info.id == id } }
  }

  /// Opens, checks and prepares a model and makes it current; one with the same id is replaced.
  ///
  /// Models already loaded keep serving all the while, and stay as they are where this throws.
  ///
  /// - Parameters:
  ///   - adapter: the path of a LoRA adapter that goes with it.
  ///   - vocabularyOnly: takes the tokenizer and the chat template and leaves the weights where they are:
  ///     texts can be tokenised, nothing can be run. The family need not be one that this engine runs, and an adapter
  ///     is not opened.
  package nonisolated func load(
    path: String, adapter: String? = nil, id: String?, contextLength: Int? = nil,
    vocabularyOnly: Bool = false
  ) async throws(EngineError) -> LoadedModel {
    let loader = ModelLoader(
      options: options, roundings: arithmetic.roundings, digests: digests)
    let result = await withCheckedContinuation {
      (continuation: CheckedContinuation<Result<LoadedModel, EngineError>, Never>) in
      DispatchQueue.global().async {
        continuation.resume(
          returning: Result { () throws(EngineError) in
            vocabularyOnly
              ? try loader.loadVocabulary(path: path, id: id)
              : try loader.load(
                path: path, adapter: adapter, id: id, contextLength: contextLength)
          })
      }
    }
    let loaded = try result.get()
    table.withLock { $0.insert(loaded) }
    return loaded
  }

  /// Takes a model off the list; generations in progress end in peace.
  package nonisolated func unload(_ id: String) -> Bool { table.withLock { $0.remove(id) } }

  // MARK: Generations

  /// Generations that wait, stand still or are computed, of every model.
  package var generationCount: Int { lanes.reduce(0) { $0 + $1.sessions.count } }

  /// Positions whose keys and values the generations of each loaded model hold, by the model's name.
  package var cachedPositions: [(model: String, positions: Int)] {
    models.map { model in
      (model.info.id, lanes.first { $0.loaded === model }?.cachedPositions ?? 0)
    }
  }

  /// Admits a generation, or refuses it before anything is computed.
  package func start(
    _ request: GenerationRequest, sink: any GenerationSink
  ) throws(EngineError) -> Generation {
    try check(request)
    if let fault = request.model.fault { throw fault }
    let lane = try lane(of: request.model)
    try checkRoom(for: request.client)
    try admit(request)
    let cache = lane.cache(for: request)
    let session = Session(
      generation: makeGeneration(), request: request, sink: sink, cache: cache, pool: pool)
    session.reused = cache.length
    try memory.check(session.planPass())
    request.grant?.allowance.spend(request.tokens.count - cache.length, at: .now)
    lane.add(session)
    if request.startsPaused { sink.receive(.paused(step: -1), of: session.generation) }
    awake()
    return session.generation
  }

  /// Refuses what would wait behind too many: of all clients, or of its own, so that others find room.
  private func checkRoom(for client: ClientKey) throws(EngineError) {
    let waiting = lanes.reduce(0) { $0 + $1.waiting }
    guard waiting < options.maxWaiting else {
      throw .overloaded(waiting: waiting, limit: options.maxWaiting)
    }
    let own = lanes.reduce(0) { $0 + $1.waiting(of: client) }
    guard own < options.maxWaitingOfOne else {
      throw .overloaded(waiting: own, limit: options.maxWaitingOfOne)
    }
  }

  /// Holds a request to the limits of its client.
  private func admit(_ request: GenerationRequest) throws(EngineError) {
    do throws(LimitReached) {
      try request.grant?.admit(at: .now) {
        lanes.reduce(0) { $0 + $1.waiting(of: request.client) }
      }
    } catch {
      throw .limit(error)
    }
  }

  /// Refuses what no model of this shape could do, before anything is computed.
  package nonisolated func check(_ request: GenerationRequest) throws(EngineError) {
    let info = request.model.info
    guard !info.isVocabularyOnly else { throw .vocabularyOnly(info.id) }
    guard !request.tokens.isEmpty else { throw .emptyPrompt }
    for token in request.tokens where token < 0 || Int(token) >= info.vocabularySize {
      throw .tokenOutOfRange(token, vocabularySize: info.vocabularySize)
    }
    let least = request.promptScoring == nil ? 1 : 0
    guard request.maxTokens >= least, request.maxTokens <= info.contextLength,
      request.tokens.count + max(request.maxTokens, 1) <= info.contextLength + 1
    else {
      throw .contextOverflow(
        promptTokens: request.tokens.count, maxTokens: request.maxTokens,
        contextLength: info.contextLength)
    }
    for token in request.sampling.logitBias.keys
    where token < 0 || Int(token) >= info.vocabularySize {
      throw .tokenOutOfRange(token, vocabularySize: info.vocabularySize)
    }
    for intervention in request.interventions { try check(intervention, request.model) }
  }

  private nonisolated func check(_ intervention: Intervention, _ model: LoadedModel)
    throws(EngineError)
  {
    do { try intervention.check(model.catalogue) } catch { throw .intervention(error) }
  }

  private func makeGeneration() -> Generation {
    let id = nextID.wrappingAdd(1, ordering: .relaxed).oldValue
    return Generation(id: id) { [weak self] in self?.wake() }
  }

  /// Stops before the next pass (or prompt chunk).
  ///
  /// - Returns: the last finished pass, -1 where none is.
  package func pause(_ generation: Generation) throws(EngineError) -> Int {
    let session = try session(generation)
    if session.state == .running {
      session.state = .paused
      session.stepsLeft = nil
      session.sink.receive(.paused(step: session.step - 1), of: generation)
    }
    return session.step - 1
  }

  /// Goes on after a pause, or over the one that counted steps lead to.
  package func resume(_ generation: Generation) throws(EngineError) {
    let session = try session(generation)
    guard session.state == .paused || session.stepsLeft != nil else { return }
    session.state = .running
    session.stepsLeft = nil
    session.sink.receive(.resumed(step: session.step), of: generation)
    awake()
  }

  /// Runs `count` passes of a paused generation, then pauses it again.
  package func step(_ generation: Generation, count: Int) throws(EngineError) {
    let session = try session(generation)
    guard session.state == .paused else { throw .notPaused(generation: generation.id) }
    session.state = .running
    session.stepsLeft = max(count, 1)
    awake()
  }

  /// Drops what came after pass `last` and pauses; pass `last + 1` is next, and draws the same chances as before.
  package func rewind(_ generation: Generation, toStep last: Int) throws(EngineError) {
    let session = try session(generation)
    guard last >= 0, last < session.step else {
      throw .stepOutOfRange(last, last: session.step - 1)
    }
    session.rewind(to: last)
    session.state = .paused
    session.sink.receive(.rewound(step: last), of: generation)
  }

  /// Holds on to where a generation is, so that others can go on from there while it goes on itself.
  ///
  /// - Parameter observe: called at that very moment, between two changes of the generation.
  package func branch<Observed: Sendable>(
    _ generation: Generation, observe: @Sendable () -> Observed
  ) throws(EngineError) -> (branch: Branch, observed: Observed) {
    let parent = try session(generation)
    var request = parent.request
    request.captures = []
    request.interventions = []
    request.promptScoring = nil
    let (frozen, pieces) = parent.fork(
      makeGeneration(), request: request, sink: parent.sink, pool: pool)
    frozen.captures = parent.captures
    frozen.interventions = parent.interventions
    return (Branch(frozen, pieces: pieces), observe())
  }

  /// A generation that goes on from a branch; the cache is shared until one of them writes.
  ///
  /// - Parameter changes: gets the request of the generation that was branched, to change seed, sampling, hooks or
  ///   interventions.
  package func start(
    from branch: Branch, sink: any GenerationSink,
    changes: @Sendable (inout GenerationRequest) -> Void
  ) throws(EngineError) -> Generation {
    let frozen = branch.session
    var request = frozen.request
    request.captures = frozen.captures
    request.interventions = frozen.interventions
    changes(&request)
    try check(request)
    try admit(request)
    let child = frozen.fork(makeGeneration(), request: request, sink: sink, pool: pool).child
    try lane(of: request.model).add(child)
    awake()
    return child.generation
  }

  /// Changes what is captured or intervened, and tells the sink.
  ///
  /// An intervention is announced again in the stream when its first pass begins.
  @discardableResult
  package func apply(
    _ change: GenerationChange, to generation: Generation
  ) throws(EngineError) -> AppliedChange {
    let session = try session(generation)
    if case .intervention(let intervention) = change.kind {
      try check(intervention, session.request.model)
    }
    let applied = try session.apply(change, within: memory)
    session.sink.receive(.changed(applied), of: generation)
    return applied
  }

  /// Where a generation is, or nil once it has ended.
  package func facts(_ generation: Generation) -> GenerationFacts? {
    guard let session = try? session(generation) else { return nil }
    return GenerationFacts(
      step: session.step - 1, tokens: session.tokens, promptCount: session.promptCount,
      isPaused: session.state == .paused, interventions: session.interventions)
  }

  private func session(_ generation: Generation) throws(EngineError) -> Session {
    for lane in lanes {
      if let session = lane.session(generation) { return session }
    }
    throw .ended(generation: generation.id)
  }

  private func lane(of loaded: LoadedModel) throws(EngineError) -> Lane {
    if let lane = lanes.first(where: { $0.loaded === loaded }) { return lane }
    guard let model = loaded.model else { throw .vocabularyOnly(loaded.info.id) }
    let lane = Lane(loaded, model, options, memory: memory)
    lanes.append(lane)
    return lane
  }

  // MARK: Stepping

  /// Makes sure that the loop steps, from any thread.
  nonisolated func wake() {
    loop.execute { self.assumeIsolated { $0.awake() } }
  }

  private func awake() {
    guard !isStepping else { return }
    isStepping = true
    schedule()
  }

  private nonisolated func schedule() {
    loop.execute { self.assumeIsolated { $0.stepOnce() } }
  }

  /// One pass of the next model that has work; then lets whatever waits for the loop go first.
  private func stepOnce() {
    for _ in lanes.indices {
      turn = (turn + 1) % lanes.count
      guard lanes[turn].hasWork else { continue }
      lanes[turn].step(arithmetic)
      schedule()
      return
    }
    isStepping = false
    forgetUnloaded()
  }

  /// Frees the memory of models that are off the list and have no session left.
  private func forgetUnloaded() {
    let kept = models
    lanes.removeAll { lane in lane.isEmpty && !kept.contains { $0 === lane.loaded } }
  }
}

/// Where a generation is.
package struct GenerationFacts: Sendable {
  /// The last finished pass, -1 before the prompt's.
  package let step: Int
  /// Prompt and generated tokens.
  package let tokens: [Token]
  package let promptCount: Int
  package let isPaused: Bool
  package let interventions: [Intervention]
}

/// The list of loaded models; a value behind a lock, so that look-ups need no hop.
private struct ModelTable {
  var models: [LoadedModel] = []
  var current: LoadedModel?

  mutating func insert(_ model: LoadedModel) {
    if let index = models.firstIndex(where: { $0.info.id == model.info.id }) {
      models[index] = model
    } else {
      models.append(model)
    }
    current = model
  }

  mutating func remove(_ id: String) -> Bool {
    guard let index = models.firstIndex(where: { $0.info.id == id }) else { return false }
    let removed = models.remove(at: index)
    if current === removed { current = models.last }
    return true
  }
}
