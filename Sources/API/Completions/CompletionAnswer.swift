internal import HTTP
internal import Engine
internal import JSON
internal import HTTPTypes
internal import Loops
internal import Tokenizers
internal import Wire
internal import Runs

/// Answers a completion request from its runs: whole, as an event stream, or as lines of JSON.
struct CompletionAnswer: Sendable {
  /// How a stream is framed.
  enum Framing: Sendable {
    case events
    /// One object per line, without an end mark.
    case lines

    /// What the client accepts decides.
    init(_ request: Request) {
      let accept = request.fields[.accept] ?? ""
      self = accept.contains("application/x-ndjson") ? .lines : .events
    }

    func piece(_ json: [UInt8]) -> [UInt8] {
      switch self {
      case .events: Array("data: ".utf8) + json + [0x0a, 0x0a]
      case .lines: json + [0x0a]
      }
    }
  }

  let dialect: CompletionDialect
  let service: Service
  let jobs: [CompletionJob]
  /// Sorts what is generated; nil where all is text.
  let parser: ChatOutputParser?
  /// What a number of a capture weighs in the answer; nil where there are none.
  let bytesPerNumber: Int?
  /// Where long answers are written.
  let work: WorkQueue

  /// Answers that are made at a time; further ones begin when earlier ones are done.
  private static let width = 16

  private func fields(_ runs: some Sequence<Run>) -> HTTPFields {
    var fields = HTTPFields()
    let ids = runs.map(\.id)
    if !ids.isEmpty { fields[further: .runID] = ids.joined(separator: ", ") }
    return fields
  }

  /// The first answers, begun before anything is sent, so that what is refused is refused in whole.
  ///
  /// Where a prompt is scored first, its run waits for that and then has nothing of it to read.
  private func begin() async throws(Refusal) -> [Int: Completion] {
    for job in jobs { try job.check(service.engine) }
    var begun: [Int: Completion] = [:]
    for job in jobs.prefix(Self.width) where job.scoring == nil && !job.isEmpty {
      begun[job.index] = try await begin(job, try await job.echo(service.engine))
    }
    return begun
  }

  private func begin(
    _ job: CompletionJob, _ echo: CompletionDialect.Echo?
  ) async throws(Refusal) -> Completion {
    let run = try await service.start(job.order, bytesPerNumber: bytesPerNumber)
    return Completion(
      index: job.index, run: run, hooks: await run.hooks.all, parser: parser, stops: job.stops,
      wantsLogprobs: dialect.wantsLogprobs, echo: echo)
  }

  // MARK: Whole

  /// Waits for all runs; if the client goes meanwhile, they end.
  func whole() async throws(Refusal) -> Reply {
    let begun = try await begin()
    let answers = try await jobs.answering(atMost: Self.width) { job in
      try await whole(job, begun[job.index])
    }
    let (dialect, choices) = (dialect, answers.map(\.0))
    let bytes = choices.reduce(0) { $0 + $1.weight }
    return .json(
      await work.written(bytes: bytes) { dialect.answer(choices) },
      fields: fields(answers.compactMap(\.1)))
  }

  private func whole(
    _ job: CompletionJob, _ begun: Completion?
  ) async throws -> (CompletionDialect.Choice, Run?) {
    var made = begun
    if made == nil {
      let echo = try await job.echo(service.engine)
      guard !job.isEmpty else { return (job.empty(echo), nil) }
      made = try await begin(job, echo)
    }
    guard var completion = made else { throw Refusal.engine(.cancelled) }
    while await completion.next(keepsTensors: true) != nil {}
    if let failure = await completion.run.failure { throw Refusal.run(failure) }
    return (completion.choice, completion.run)
  }

  // MARK: Streams

  func stream(_ framing: Framing) async throws(Refusal) -> Reply {
    let begun = try await begin()
    let body = StreamBody.writing { writer in
      let choices = try await jobs.making(atMost: Self.width) { job in
        try await write(job, begun[job.index], framing, to: writer)
      }
      if dialect.includesUsage {
        try await writer.write(framing.piece(dialect.usageChunk(choices)))
      }
      if framing == .events { try await writer.write(SSEEncoder.done) }
    }
    var fields = fields(begun.values.sorted { $0.index < $1.index }.map(\.run))
    switch framing {
    // Some clients of this kind take a comment for an event, so silence is broken late.
    case .events: return .events(body, fields: fields, heartbeat: .rareComments)
    case .lines:
      fields[.contentType] = "application/x-ndjson"
      fields[.cacheControl] = "no-store, no-transform"
      fields[further: .accelBuffering] = "no"
      return .stream(fields: fields, body: body, heartbeat: nil)
    }
  }

  private func write(
    _ job: CompletionJob, _ begun: Completion?, _ framing: Framing, to writer: BodyWriter
  ) async throws -> CompletionDialect.Choice {
    var made = begun
    var echo: CompletionDialect.Echo?
    do throws(Refusal) {
      if made == nil {
        echo = try await job.echo(service.engine)
        if !job.isEmpty { made = try await begin(job, echo) }
      }
    } catch {
      try await write(error.reply.event, framing, to: writer)
      return job.empty(nil)
    }
    guard let completion = made else {
      return try await write(job.empty(echo), job, framing, to: writer)
    }
    return try await write(completion, framing, to: writer)
  }

  /// An answer without a token, in one chunk.
  private func write(
    _ choice: CompletionDialect.Choice, _ job: CompletionJob, _ framing: Framing,
    to writer: BodyWriter
  ) async throws -> CompletionDialect.Choice {
    var chunk = opening(job.index, choice.echo)
    chunk.finishReason = choice.finishReason
    try await writer.write(framing.piece(dialect.chunk(chunk)))
    return choice
  }

  /// What comes before the first token.
  private func opening(
    _ index: Int, _ echo: CompletionDialect.Echo?
  ) -> CompletionDialect.Chunk {
    var chunk = CompletionDialect.Chunk(index: index, beginsMessage: dialect.isChat)
    if let echo {
      chunk.delta.content = echo.text
      chunk.logprobs = echo.logprobs
    }
    return chunk
  }

  private func write(
    _ completion: Completion, _ framing: Framing, to writer: BodyWriter
  ) async throws -> CompletionDialect.Choice {
    var completion = completion
    if dialect.isChat || completion.choice.echo != nil {
      let opening = opening(completion.index, completion.choice.echo)
      try await writer.write(framing.piece(dialect.chunk(opening)))
    }
    while let chunks = await completion.next(keepsTensors: false) {
      for chunk in chunks {
        let dialect = dialect
        let json = await work.written(bytes: chunk.weight) { dialect.chunk(chunk) }
        try await writer.write(framing.piece(json))
      }
    }
    try Task.checkCancellation()
    if let failure = completion.failure { try await write(failure, framing, to: writer) }
    return completion.choice
  }

  private func write(
    _ failure: JSONValue, _ framing: Framing, to writer: BodyWriter
  ) async throws {
    let json = JSONWriter.object { $0.member("error", failure) }
    try await writer.write(framing.piece(json))
  }
}
