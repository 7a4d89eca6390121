internal import Engine
internal import JSON

/// What a command's reply carries besides `ok`.
struct SocketAnswer: Sendable {
  let write: @Sendable (inout JSONWriter) -> Void
  /// What begins once the reply is on its way, so that a run's events never precede the reply that names it.
  var afterwards: @Sendable () -> Void = {}

  init(_ write: @escaping @Sendable (inout JSONWriter) -> Void = { _ in }) {
    self.write = write
  }

  /// A run object under `run`, and its id.
  init(_ run: any StreamedRun) async {
    let object = await run.object()
    let id = run.id
    self.init { writer in
      writer.member("run_id", id)
      writer.member("run", raw: object)
    }
  }
}

/// The commands of a socket, one line each.
struct SocketCommand: Sendable {
  typealias Action = @Sendable (SocketSession, Fields) async throws(Refusal) -> SocketAnswer

  let name: String
  let run: Action

  private init(_ name: String, _ run: @escaping Action) {
    self.name = name
    self.run = run
  }

  static let all: [SocketCommand] = [
    SocketCommand("start", start),
    SocketCommand("subscribe", subscribe),
    SocketCommand("unsubscribe", unsubscribe),
    SocketCommand("hooks", hooks),
    SocketCommand("intervene", intervene),
    SocketCommand("remove_intervention", removeIntervention),
    SocketCommand("pause", pause),
    SocketCommand("resume", resume),
    SocketCommand("step", step),
    SocketCommand("rewind", rewind),
    SocketCommand("fork", fork),
    SocketCommand("cancel", cancel),
    SocketCommand("ping", ping),
  ]
}

extension SocketCommand {
  /// Begins a run, watched by this socket unless `"subscribe": false`.
  private static let start: Action = { session, fields throws(Refusal) in
    let wish = try SocketWish(fields)
    let isWatched = try fields.bool("subscribe") ?? true
    let run = try await session.shared.start(fields)
    var answer = await SocketAnswer(run)
    if isWatched { answer.afterwards = { session.watch(run, wish) } }
    return answer
  }

  private static let subscribe: Action = { session, fields throws(Refusal) in
    let run = try session.named(fields)
    let wish = try SocketWish(fields)
    var answer = await SocketAnswer(run)
    answer.afterwards = { session.watch(run, wish) }
    return answer
  }

  private static let unsubscribe: Action = { session, fields throws(Refusal) in
    let run = try session.named(fields)
    let id = run.id
    let wasWatched = session.unwatch(id)
    return SocketAnswer { writer in
      writer.member("run_id", id)
      writer.member("was_subscribed", wasWatched)
    }
  }

  private static let hooks: Action = { session, fields throws(Refusal) in
    let run = try session.computed(fields)
    let first = try await session.shared.changeHooks(run, fields)
    let list = await run.facts.hooks
    return SocketAnswer { writer in
      writer.member("run_id", run.id)
      writer.member("first_step", first)
      writer.member("hooks", .array(list.map { $0.json(run.order.model.catalogue) }))
    }
  }

  private static let intervene: Action = { session, fields throws(Refusal) in
    let run = try session.computed(fields)
    let applied = try await session.shared.intervene(run, fields)
    return SocketAnswer { writer in
      writer.member("run_id", run.id)
      writer.member("intervention_id", applied.id)
      writer.member("first_step", applied.firstStep)
    }
  }

  private static let removeIntervention: Action = { session, fields throws(Refusal) in
    let run = try session.computed(fields)
    guard let id = try fields.string("intervention_id") else {
      throw .missing(field: "intervention_id")
    }
    let applied = try await session.shared.removeIntervention(run, id: id)
    return SocketAnswer { writer in
      writer.member("run_id", run.id)
      writer.member("intervention_id", applied.id)
      writer.member("first_step", applied.firstStep)
    }
  }

  private static let pause: Action = { session, fields throws(Refusal) in
    let run = try session.named(fields)
    try await run.pause()
    return await SocketAnswer(run)
  }

  private static let resume: Action = { session, fields throws(Refusal) in
    let run = try session.named(fields)
    try await run.resume()
    return await SocketAnswer(run)
  }

  private static let step: Action = { session, fields throws(Refusal) in
    let run = try session.named(fields)
    try await session.shared.step(run, fields)
    return await SocketAnswer(run)
  }

  private static let rewind: Action = { session, fields throws(Refusal) in
    let run = try session.named(fields)
    try await session.shared.rewind(run, fields)
    return await SocketAnswer(run)
  }

  /// Begins a fork, watched by this socket unless `"subscribe": false`.
  private static let fork: Action = { session, fields throws(Refusal) in
    let wish = try SocketWish(fields)
    let isWatched = try fields.bool("subscribe") ?? true
    let child = try await session.shared.fork(try session.computed(fields), fields)
    var answer = await SocketAnswer(child)
    if isWatched { answer.afterwards = { session.watch(child, wish) } }
    return answer
  }

  private static let cancel: Action = { session, fields throws(Refusal) in
    let run = try session.named(fields)
    run.cancel()
    return await SocketAnswer(run)
  }

  private static let ping: Action = { session, _ throws(Refusal) in
    let time = session.shared.clock
    return SocketAnswer { writer in writer.member("time", time) }
  }
}
