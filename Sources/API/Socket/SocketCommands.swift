internal import Engine
internal import JSON
internal import Runs

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

  /// What only a socket has, and the commands of a run.
  static let all: [SocketCommand] =
    [
      SocketCommand("start", start),
      SocketCommand("subscribe", subscribe),
      SocketCommand("unsubscribe", unsubscribe),
      SocketCommand("cancel", cancel),
      SocketCommand("ping", ping),
    ] + RunCommands.all.map { SocketCommand($0) }

  /// A command of a run; a run that it makes is watched by this socket unless `"subscribe": false`.
  private init(_ command: any RunCommand.Type) {
    self.init(command.name) { session, fields throws(Refusal) in
      let wish = command.makesRun ? try SocketWish(fields) : SocketWish()
      let isWatched = command.makesRun ? try fields.bool("subscribe") ?? true : false
      switch try await command.perform(RunCall(fields, session.shared)) {
      case .run(let run): return await SocketAnswer(run)
      case .made(let run):
        var answer = await SocketAnswer(run)
        if isWatched { answer.afterwards = { session.watch(run, wish) } }
        return answer
      case .members(let run, _, let write):
        let id = run.id
        return SocketAnswer { writer in
          writer.member("run_id", id)
          write(&writer)
        }
      }
    }
  }
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
