internal import HTTP
internal import JSON
internal import HTTPTypes
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
  let runs: [Run]
  let chat: ChatFormat?

  private var fields: HTTPFields {
    var fields = HTTPFields()
    fields[further: .runID] = runs.map(\.id).joined(separator: ", ")
    return fields
  }

  private func completions() async -> [Completion] {
    var result: [Completion] = []
    for (index, run) in runs.enumerated() {
      result.append(
        Completion(
          index: index, run: run, hooks: await run.facts.hooks, chat: chat,
          wantsLogprobs: dialect.wantsLogprobs))
    }
    return result
  }

  // MARK: Whole

  /// Waits for all runs; if the client goes meanwhile, they end.
  func whole() async throws(Refusal) -> Reply {
    var choices: [CompletionDialect.Choice] = []
    for var completion in await completions() {
      while await completion.next(keepsTensors: true) != nil {}
      if let failure = await completion.run.failure { throw .run(failure) }
      choices.append(completion.choice)
    }
    return .json(dialect.answer(choices), fields: fields)
  }

  // MARK: Streams

  func stream(_ framing: Framing) async -> Reply {
    let completions = await completions()
    let body = StreamBody.writing { writer in
      try await write(completions, framing, to: writer)
    }
    switch framing {
    // Some clients of this kind take a comment for an event, so silence is broken late.
    case .events: return .events(body, fields: fields, heartbeat: .rareComments)
    case .lines:
      var fields = fields
      fields[.contentType] = "application/x-ndjson"
      fields[.cacheControl] = "no-store, no-transform"
      fields[further: .accelBuffering] = "no"
      return .stream(fields: fields, body: body, heartbeat: nil)
    }
  }

  private func write(
    _ completions: [Completion], _ framing: Framing, to writer: BodyWriter
  ) async throws {
    let choices = try await withThrowingTaskGroup(of: (Int, CompletionDialect.Choice).self) {
      group in
      for completion in completions {
        group.addTask { (completion.index, try await write(completion, framing, to: writer)) }
      }
      var choices: [Int: CompletionDialect.Choice] = [:]
      for try await (index, choice) in group { choices[index] = choice }
      return choices.sorted { $0.key < $1.key }.map(\.value)
    }
    if dialect.includesUsage { try await writer.write(framing.piece(dialect.usageChunk(choices))) }
    if framing == .events { try await writer.write(SSEEncoder.done) }
  }

  private func write(
    _ completion: Completion, _ framing: Framing, to writer: BodyWriter
  ) async throws -> CompletionDialect.Choice {
    var completion = completion
    if dialect.isChat {
      let opening = CompletionDialect.Chunk(index: completion.index, beginsMessage: true)
      try await writer.write(framing.piece(dialect.chunk(opening)))
    }
    while let chunks = await completion.next(keepsTensors: false) {
      for chunk in chunks { try await writer.write(framing.piece(dialect.chunk(chunk))) }
    }
    try Task.checkCancellation()
    if let failure = completion.failure {
      let json = JSONWriter.object { $0.member("error", failure) }
      try await writer.write(framing.piece(json))
    }
    return completion.choice
  }
}
