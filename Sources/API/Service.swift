internal import Streams
package import Engine
internal import Constraints
internal import Foundation
internal import HTTP
internal import Hooks
internal import JSON
package import Logging
package import Loops
internal import Recordings
internal import Synchronization
package import Tokenizers
package import Runs
package import Traces

/// What all routes share: the engine, the runs, the registered hooks.
package final class Service: Sendable {
  package let options: ServerOptions
  package let engine: Engine
  package let runs: RunRegistry
  package let hooks = RegisteredHooks()
  package let installation: Installation
  /// This life of the server, the first half of every event's id.
  package let epoch: String
  let publishing = Loop(label: "neuroscope.publishing")
  /// Whether somebody looks for runs that stand still.
  let isSweeping = Atomic(false)
  /// Where large passes of all runs are framed.
  let framers = WorkThreads(count: 2, niceness: 5)
  /// Where requests have their long computations done.
  let work: WorkQueue
  let budget: ByteBudget
  let sources: PatchSources
  /// Attribution graphs that were made.
  let graphs = GraphStore()
  /// Where whole recordings are read.
  let files = FileWork()
  /// What all recordings together may take.
  let allowance: RecordingAllowance
  /// Harvests that are being written.
  let harvests = HarvestDesk()
  /// What heads of models are.
  let heads = HeadDesk()
  let logger: Logger
  /// What is counted.
  package let metrics: ServiceMetrics
  let facts = ReadinessFacts()
  /// Who begins spans; nil where nothing is traced.
  let tracer: SpanTracer?
  private let transport = Mutex<(@Sendable () -> TransportState)?>(nil)
  /// Paths of the models that the operator has loaded.
  let startedModels = Mutex<Set<String>>([])

  package init(
    options: ServerOptions, engine: Engine, installation: Installation,
    work: WorkQueue = WorkQueue(), logger: Logger = Logger(label: "neuroscope"),
    metrics: ServiceMetrics = ServiceMetrics(), tracer: SpanTracer? = nil
  ) {
    self.tracer = tracer
    self.metrics = metrics
    self.work = work
    self.logger = logger
    self.options = options
    self.engine = engine
    self.installation = installation
    epoch = Self.token(length: 6)
    runs = RunRegistry(
      limits: RunPlaces.Limits(
        runs: options.runLimit, replays: options.replayLimit,
        idle: options.idleSeconds > 0 ? .seconds(options.idleSeconds) : nil),
      kept: options.keptRuns, base: options.basePath.text,
      clock: { Int(Date().timeIntervalSince1970) })
    budget = ByteBudget(limit: options.memoryBudget)
    sources = PatchSources(limit: options.patchBytes)
    allowance = RecordingAllowance(limit: options.recordingsLimit)
  }

  /// Whether work should be sent here.
  var readiness: Readiness { facts.readiness(hasModel: !engine.models.isEmpty) }

  /// Tells how to learn what the transport knows.
  package func watchTransport(_ look: @escaping @Sendable () -> TransportState) {
    transport.withLock { $0 = look }
  }

  func transportState() -> TransportState { transport.withLock(\.self)?() ?? TransportState() }

  package var models: ModelTable { ModelTable(engine, aliases: options.aliases) }

  /// Seconds since 1970.
  package var clock: Int { Int(Date().timeIntervalSince1970) }

  /// Random letters and digits, for names that must not be guessed or met again.
  package static func token(length: Int = 16) -> String {
    let alphabet = Array("0123456789abcdefghijklmnopqrstuvwxyz")
    return String((0..<length).compactMap { _ in alphabet.randomElement() })
  }

  /// Bytes that the captures of one request of the caller may weigh.
  var captureBudget: Int {
    let own = ClientGrant.current?.allowance.limits[.captureBytes]
    return min(options.captureBudget, own ?? .max)
  }

  // MARK: Beginning runs

  /// Checks what a run will weigh and begins it.
  ///
  /// - Parameter bytesPerNumber: of captures on their way to the client, 12 for decimal text; nil for frames.
  package func start(
    _ order: RunOrder, bytesPerNumber: Int? = nil
  ) async throws(Refusal) -> Run {
    let place = try takePlace(
      .computed(isPaused: order.startsPaused, mayPause: order.mayPause))
    try checkWeight(of: order, bytesPerNumber: bytesPerNumber)
    let run = try await makeRun(order, at: place, parent: nil)
    await run.publishStart()
    do {
      run.begin(try await engine.start(order.generation, sink: run))
    } catch {
      let refusal = Refusal.engine(error)
      run.trace?.fail(refusal.reply.code)
      await run.close()
      throw refusal
    }
    list(run)
    await noteIfOver(run)
    if order.awaitsViewer, !order.isDetached { awaitViewer(of: run) }
    return run
  }

  /// Refuses captures and analyses that weigh more than the server allows.
  func checkWeight(of order: RunOrder, bytesPerNumber: Int? = nil) throws(Refusal) {
    var estimate = CaptureEstimate(
      order.hooks, catalogue: order.model.catalogue, promptTokens: order.tokens.count,
      maxTokens: order.maxTokens
    ) { bytesPerNumber ?? $0.width(in: order.frames) }
    estimate.addAnalyses(of: order)
    estimate.addWatches(of: order)
    guard estimate.bytes <= captureBudget else {
      throw .captureTooLarge(estimate: estimate.bytes, limit: captureBudget)
    }
    guard estimate.keptBytes <= captureBudget else {
      throw .captureTooLarge(estimate: estimate.keptBytes, limit: captureBudget)
    }
    // A result is one event; one that fills the memory of recent events would push out all others.
    guard estimate.largestAnalysis <= options.ringBytes / 2 else {
      throw .captureTooLarge(estimate: estimate.largestAnalysis, limit: options.ringBytes / 2)
    }
  }

  func makeRun(
    _ order: RunOrder, at place: RunPlace, parent: String?
  ) async throws(Refusal) -> Run {
    if !order.interventions.isEmpty { try require(.intervene) }
    if order.recordedRequest != nil { try require(.record) }
    let framing: Framing
    do { framing = try Framing() } catch { throw .outOfMemory }
    let registry = runs
    let id = "run_" + Self.token()
    var recorder: FileRecorder?
    if let request = order.recordedRequest {
      // A recording begins with what its model is; everyone else need not wait for it.
      let hash: String
      do { hash = try await order.model.digest.value() } catch { throw .engine(error) }
      recorder = try desk().recorder(
        of: order.model.info, seed: order.sampling.options.seed, run: id, modelHash: hash,
        request: request, clock: clock, epoch: epoch)
    }
    return Run(
      id: id, order: order, place: place, clock: clock, parent: parent, services: services,
      framing: framing, recorder: recorder,
      trace: RunTrace(order, id: id, parent: parent, by: tracer)
    ) { registry.noteEnd($0.id) }
  }

  /// What its runs share.
  var services: RunServices {
    RunServices(
      loop: publishing, framers: framers, engine: engine, sources: sources, epoch: epoch,
      limits: limits, budget: budget, worded: Self.worded, meter: metrics.runs)
  }

  var limits: TopicLimits {
    var limits = TopicLimits()
    limits.ring = options.ringBytes
    return limits
  }

  /// A run that was over before it was listed is noted now.
  func noteIfOver(_ run: Run) async {
    if await run.isOver() { runs.noteEnd(run.id) }
  }

  /// Cancels a run that nobody has come to see.
  func awaitViewer(of run: any StreamedRun) {
    publishing.schedule(after: .seconds(options.viewerGrace)) { [weak run] in
      guard let run, run.topic.viewerCount == 0, !run.topic.isFinished else { return }
      run.cancel()
    }
  }

  // MARK: Prompts

  /// The tokens of a conversation.
  ///
  /// - Parameter isPrompt: whether a model is to read them, so that what its context cannot hold is refused before it
  ///   is encoded.
  package func tokens(
    of messages: [ChatMessage], options: ChatOptions, model: LoadedModel, isPrompt: Bool = true
  ) throws(Refusal) -> RenderedPrompt {
    if case .success(let format) = model.chat, let name = format.unread(options) {
      throw .notImplemented(
        field: name, found: "given", reason: "the chat format of \(model.info.id) does not read it")
    }
    do {
      let limit = isPrompt ? model.info.contextLength : .max
      return try model.chat.get().render(messages, options: options, atMost: limit)
    } catch {
      if case .tooLong(let bytes, let least) = error {
        throw .promptTooLong(
          bytes: bytes, leastTokens: least, contextLength: model.info.contextLength)
      }
      throw .noChatFormat(model: model.info.id, reason: error.sentence)
    }
  }

  /// The tokens of a conversation of which nothing but its messages is said.
  func tokens(
    ofPlain messages: [ChatMessage], model: LoadedModel
  ) throws(Refusal) -> [Token] {
    try tokens(of: messages, options: ChatOptions(time: Int64(clock)), model: model).tokens
  }

  /// The order that a body of `POST /v1/runs` means.
  package func order(_ request: RunRequest) async throws(Refusal) -> RunOrder {
    let (tokens, constraint) = try await turn(bytes: request.fields.byteCount) {
      () throws(Refusal) in try promptTokens(request)
    }
    return try await order(request, tokens, constraint, telling: RequestRemarks())
  }

  /// The tokens of a run's prompt, and what its text is held to.
  func promptTokens(_ request: RunRequest) throws(Refusal) -> ([Token], Constraint?) {
    let model = request.order.model
    switch request.prompt {
    case .messages(let messages):
      let prompt = try tokens(of: messages, options: request.options, model: model)
      let marks = try? model.chat.get().answerMarks(request.options, prompt)
      return (prompt.tokens, try request.answer.constraint(model, marks))
    case .text(let text):
      return (
        try model.tokens(ofPrompt: text, field: "prompt"), try request.answer.constraint(model)
      )
    case .tokens(let given): return (given, try request.answer.constraint(model))
    }
  }

  /// The order that a body means whose prompt's tokens are known.
  func order(
    _ request: RunRequest, _ tokens: [Token], _ constraint: Constraint?,
    telling remarks: RequestRemarks
  ) async throws(Refusal) -> RunOrder {
    var order = request.order
    order.tokens = tokens
    request.answer.hold(&order, to: constraint, telling: remarks)
    order.interventions = try await interventionReader(order.model.catalogue)
      .interventions(request.interventions)
    if request.isRecorded {
      _ = try desk()
      order.recordedRequest =
        RecordedRequest(request.fields, order: order, hooks: request.hookFields).json
    }
    return order
  }
}

extension ChatFormatError {
  /// The reason in words; the sentence around it is the refusal's.
  var sentence: String {
    switch self {
    case .noTemplate(let family): "it has no chat template, and \(family) has none of its own"
    case .unreadable(let line, let expected, let found):
      "line \(line) of its chat template: expected \(expected), found \(found)"
    case .raised(let text): "its chat template says: \(text)"
    case .failed(let line, let reason): "line \(line) of its chat template: \(reason)"
    case .unknownRole(let role, let message):
      "messages[\(message)]: role \(role) has no place in its format"
    case .answerWithoutCall(let message): "messages[\(message)] answers no call that was made"
    case .unknownEffort(let effort): "reasoning_effort \(effort) is not known"
    case .unseen(let message, let role):
      "messages[\(message)]: its chat template prints nothing of a message of role \(role) here"
    case .unseenTools: "tools: its chat template has no place for them"
    case .controlText(let message):
      (message.map { "messages[\($0)]" } ?? "tools")
        + " spells a control token where its chat template looks for one;"
        + " with parse_special it becomes that token"
    case .tokenizer(let error): error.description
    case .tooLong(let bytes, let least): "its \(bytes) bytes are at least \(least) tokens"
    case .missingToken(let token): "its vocabulary has no \(token)"
    }
  }
}
