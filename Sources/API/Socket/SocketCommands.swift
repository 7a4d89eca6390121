internal import Engine
internal import HTTP
internal import HTTPTypes
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
  typealias Action =
    @Sendable (SocketSession, Fields, RequestRemarks) async throws(Refusal) -> SocketAnswer

  let name: String
  /// What the key of the socket must allow.
  let scope: Scope
  /// The members that it knows; what else a message has is refused or told.
  let members: MemberTree
  let run: Action

  /// - Parameters:
  ///   - operation: the operation of REST whose members it takes.
  ///   - names: its further members, besides those of every command.
  private init(
    _ name: String, _ scope: Scope, like operation: String = "", _ names: Set<String>,
    _ run: @escaping Action
  ) {
    self.name = name
    self.scope = scope
    let tree = MemberTree.of(operation)
    members = tree.knowing(names.union(tree.parameters.subtracting(["id"])))
      .knowing(["id", "command"])
    self.run = run
  }

  /// The members that say how a run is watched.
  private static let wish: Set<String> = ["policy", "from", "tensors"]

  /// What only a socket has, and the commands of a run.
  static let all: [SocketCommand] =
    [
      SocketCommand(
        "start", .run, like: "POST /v1/runs", wish.union(["subscribe"]), start),
      SocketCommand("subscribe", .read, wish.union(["run_id"]), subscribe),
      SocketCommand("unsubscribe", .read, ["run_id"], unsubscribe),
      SocketCommand("cancel", .run, ["run_id"], cancel),
      SocketCommand("ping", .read, [], ping),
    ] + RunCommands.all.map { SocketCommand($0) }

  /// A command of a run; a run that it makes is watched by this socket unless `"subscribe": false`.
  private init(_ command: any RunCommand.Type) {
    self.init(
      command.name, command.scope,
      like: "\(command.method.rawValue) /v1/runs/{id}/\(command.path)",
      (command.makesRun ? Self.wish.union(["subscribe"]) : []).union(["run_id"])
        .union(command.furtherMembers)
    ) { session, fields, _ throws(Refusal) in
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
  private static let start: Action = { session, fields, remarks throws(Refusal) in
    let wish = try SocketWish(fields)
    let isWatched = try fields.bool("subscribe") ?? true
    let run = try await session.shared.start(fields, remarks)
    var answer = await SocketAnswer(run)
    if isWatched { answer.afterwards = { session.watch(run, wish) } }
    return answer
  }

  private static let subscribe: Action = { session, fields, _ throws(Refusal) in
    let run = try session.named(fields)
    let wish = try SocketWish(fields)
    var answer = await SocketAnswer(run)
    answer.afterwards = { session.watch(run, wish) }
    return answer
  }

  private static let unsubscribe: Action = { session, fields, _ throws(Refusal) in
    let run = try session.named(fields)
    let id = run.id
    let wasWatched = session.unwatch(id)
    return SocketAnswer { writer in
      writer.member("run_id", id)
      writer.member("was_subscribed", wasWatched)
    }
  }

  private static let cancel: Action = { session, fields, _ throws(Refusal) in
    let run = try RunCall(fields, session.shared).run()
    run.cancel()
    return await SocketAnswer(run)
  }

  private static let ping: Action = { session, _, _ throws(Refusal) in
    let time = session.shared.clock
    return SocketAnswer { writer in writer.member("time", time) }
  }
}
