internal import Streams
package import Engine
internal import Foundation
internal import Frames
internal import Hooks
internal import JSON
package import Logging
internal import Loops
internal import Recordings
package import Tokenizers
package import Runs

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
  let budget: ByteBudget
  let sources: PatchSources
  let logger: Logger

  package init(
    options: ServerOptions, engine: Engine, installation: Installation,
    logger: Logger = Logger(label: "neuroscope")
  ) {
    self.logger = logger
    self.options = options
    self.engine = engine
    self.installation = installation
    epoch = Self.token(length: 6)
    runs = RunRegistry(limit: options.runLimit, kept: options.keptRuns)
    budget = ByteBudget(limit: options.memoryBudget)
    sources = PatchSources(limit: options.patchBytes)
  }

  package var models: ModelTable { ModelTable(engine) }

  /// Seconds since 1970.
  package var clock: Int { Int(Date().timeIntervalSince1970) }

  /// Random letters and digits, for names that must not be guessed or met again.
  package static func token(length: Int = 16) -> String {
    let alphabet = Array("0123456789abcdefghijklmnopqrstuvwxyz")
    return String((0..<length).compactMap { _ in alphabet.randomElement() })
  }

  // MARK: Beginning runs

  /// Checks what a run will weigh and begins it.
  ///
  /// - Parameter bytesPerNumber: of captures on their way to the client, 12 for decimal text; nil for frames.
  package func start(
    _ order: RunOrder, bytesPerNumber: Int? = nil
  ) async throws(Refusal) -> Run {
    try checkRoom()
    try checkWeight(of: order, bytesPerNumber: bytesPerNumber)
    let run = try await makeRun(order, parent: nil)
    await run.publishStart()
    do {
      run.begin(try await engine.start(order.generation, sink: run))
    } catch {
      await run.close()
      throw .engine(error)
    }
    runs.add(run)
    await noteIfOver(run)
    if order.awaitsViewer, !order.isDetached { awaitViewer(of: run) }
    return run
  }

  /// Refuses captures and analyses that weigh more than the server allows.
  func checkWeight(of order: RunOrder, bytesPerNumber: Int? = nil) throws(Refusal) {
    var estimate = CaptureEstimate(
      order.hooks, catalogue: order.model.catalogue, promptTokens: order.tokens.count,
      maxTokens: order.maxTokens
    ) { bytesPerNumber ?? ($0.dtype ?? order.frames.elementType).width }
    estimate.addAnalyses(of: order)
    guard estimate.bytes <= options.captureBudget else {
      throw .captureTooLarge(estimate: estimate.bytes, limit: options.captureBudget)
    }
    // A result is one event; one that fills the memory of recent events would push out all others.
    guard estimate.largestAnalysis <= options.ringBytes / 2 else {
      throw .captureTooLarge(estimate: estimate.largestAnalysis, limit: options.ringBytes / 2)
    }
  }

  func makeRun(_ order: RunOrder, parent: String?) async throws(Refusal) -> Run {
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
        of: order, run: id, modelHash: hash, request: request, clock: clock, epoch: epoch)
    }
    return Run(
      id: id, order: order, clock: clock, epoch: epoch, limits: limits,
      budget: budget, loop: publishing, engine: engine, framing: framing,
      sources: sources, recorder: recorder, worded: Self.worded, parent: parent
    ) { registry.noteEnd($0.id) }
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
  package func tokens(
    of messages: [ChatMessage], options: ChatOptions, model: LoadedModel
  ) throws(Refusal) -> RenderedPrompt {
    do {
      return try model.chat.get().render(messages, options: options)
    } catch {
      throw .noChatFormat(model: model.info.id, reason: error.sentence)
    }
  }

  /// The order that a body of `POST /v1/runs` means.
  package func order(_ request: RunRequest) async throws(Refusal) -> RunOrder {
    let model = request.model
    let tokens: [Token]
    switch request.prompt {
    case .messages(let messages):
      tokens = try self.tokens(of: messages, options: request.options, model: model).tokens
    case .text(let text):
      tokens = try model.tokenizer.tokens(of: text, field: "prompt")
    case .tokens(let given): tokens = given
    }
    var order = RunOrder(model: model, tokens: tokens, sampling: request.sampling)
    if case .success(let chat) = model.chat { order.stopTokens.formUnion(chat.stopTokens) }
    order.hooks = request.hooks
    order.analyses = request.analyses
    order.interventions = try await interventionReader(model.catalogue)
      .interventions(request.interventions)
    order.frames = request.frames
    order.topLogprobs = request.topLogprobs
    if request.isRecorded {
      _ = try desk()
      order.recordedRequest =
        RecordedRequest(request.fields, order: order, hooks: request.hookFields).json
    }
    order.isDetached = request.isDetached
    order.startsPaused = request.startsPaused
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
    case .missingToken(let token): "its vocabulary has no \(token)"
    }
  }
}
