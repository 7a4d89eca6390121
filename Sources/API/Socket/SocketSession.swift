internal import Wire
internal import Streams
internal import HTTP
internal import JSON
internal import HTTPTypes
internal import Loops
internal import Synchronization
internal import Runs

/// One client's conversation over a WebSocket: it starts and watches runs, and is answered with its command's id.
final class SocketSession: Sendable {
  /// How a run is watched, to tell a repeated `subscribe` from a different one.
  private struct Watch: Sendable {
    var source: TopicMessages
    var policy: ViewerPolicy
    var tensors: MessageTensors
  }

  private let service: Service
  private let peer: WebSocketPeer
  private let watches = Mutex<[String: Watch]>([:])

  init(service: Service, peer: WebSocketPeer) {
    self.service = service
    self.peer = peer
  }

  // MARK: Messages

  /// Carries a command out and answers it.
  func receive(_ message: IncomingMessage) async {
    guard case .text(let text) = message else {
      await reply(
        to: nil,
        refusing: .wrongType(
          field: "message", expected: "a text message", found: "a binary message"))
      return
    }
    var id: [UInt8]?
    do {
      let fields = try await service.fields(Array(text.utf8))
      id = try Self.id(fields)
      guard let name = try fields.string("command") else { throw Refusal.missing(field: "command") }
      guard let command = SocketCommand.all.first(where: { $0.name == name }) else {
        throw Refusal.unknownCommand(
          String(name.prefix(80)), known: SocketCommand.all.map(\.name))
      }
      let remarks = RequestRemarks()
      // Each command is held to the limits of its key anew.
      let answer = try await ClientGrant.$current.withValue(Caller.current.grant) {
        try await perform(command, fields, remarks)
      }
      await reply(to: id, answer, remarks)
      answer.afterwards()
    } catch {
      await reply(to: id, refusing: error as? Refusal ?? .outOfMemory)
    }
  }

  /// A command's id as it came, which every answer repeats; so it must be short.
  private static func id(_ fields: Fields) throws(Refusal) -> [UInt8]? {
    guard let id = fields.json("id"), id.count > longestID else { return fields.json("id") }
    throw .outOfRange(
      field: "id", found: "\(id.count) bytes", allowed: "at most \(longestID) bytes of JSON")
  }

  private static let longestID = 1000

  /// Carries a command out, if the key that opened the socket allows it and still holds.
  private func perform(
    _ command: SocketCommand, _ fields: Fields, _ remarks: RequestRemarks
  ) async throws(Refusal) -> SocketAnswer {
    guard let caller = service.options.keys.current(Caller.current) else { throw .keyUnknown }
    guard caller.may(command.scope) else { throw .scopeMissing(command.scope, caller) }
    try await service.check(fields, of: command, remarks)
    return try await command.run(self, fields, remarks)
  }

  private func reply(
    to id: [UInt8]?, _ answer: SocketAnswer, _ remarks: RequestRemarks
  ) async {
    let warnings = remarks.all
    await peer.send(
      .text(
        JSONWriter.object { writer in
          writer.member("type", "reply")
          writer.member("id", raw: id ?? Array("null".utf8))
          writer.member("ok", true)
          answer.write(&writer)
          if !warnings.isEmpty { writer.member("warnings", warnings) }
        }))
  }

  private func reply(to id: [UInt8]?, refusing refusal: Refusal) async {
    let reply = refusal.reply
    await peer.send(
      .text(
        JSONWriter.object { writer in
          writer.member("type", "reply")
          writer.member("id", raw: id ?? Array("null".utf8))
          writer.member("ok", false)
          writer.member("error", reply.message)
          writer.member("code", reply.code)
          writer.member("status", reply.status.code)
          if let details = reply.details { writer.member("details", raw: details) }
        }))
  }

  // MARK: Runs

  func named(_ fields: Fields) throws(Refusal) -> any StreamedRun {
    guard let id = try fields.string("run_id") else { throw .missing(field: "run_id") }
    return try service.run(id)
  }

  var shared: Service { service }

  /// Watches a run; a repeated wish changes nothing, a different one takes the place of the first.
  func watch(_ run: any StreamedRun, _ wish: SocketWish) {
    let existing = watches.withLock { $0[run.id] }
    if let existing {
      let isSame = existing.policy == wish.policy && existing.tensors == wish.tensors
      if isSame, wish.from ?? 0 == 0 { return }
      peer.unwatch(existing.source)
    }
    let subscriber = run.topic.subscribe(
      Subscription(policy: wish.policy, from: wish.from ?? (existing == nil ? 0 : nil)))
    let id = run.id
    let source = TopicMessages(
      subscriber, tensors: wish.tensors, meter: service.metrics.viewers
    ) { [weak self] ending in
      self?.ended(id, ending)
    }
    watches.withLock {
      $0[run.id] = Watch(source: source, policy: wish.policy, tensors: wish.tensors)
    }
    peer.watch(source)
  }

  /// Stops watching; whether the run was watched.
  func unwatch(_ id: String) -> Bool {
    guard let watch = watches.withLock({ $0.removeValue(forKey: id) }) else { return false }
    peer.unwatch(watch.source)
    return true
  }

  private func ended(_ id: String, _ ending: Topic.Ending) {
    watches.withLock { _ = $0.removeValue(forKey: id) }
    guard ending == .tooSlow else { return }
    peer.offer(
      .text(
        JSONWriter.object { writer in
          writer.member("type", "error")
          writer.member("run_id", id)
          writer.object("error") { writer in
            writer.member("message", "This viewer was too slow and is no longer subscribed")
            writer.member("type", "viewer_too_slow")
            writer.member("code", "viewer_too_slow")
          }
        }))
  }

  /// The conversation is over.
  func close() {
    watches.withLock { $0.removeAll() }
  }
}

/// How a client wants to watch.
struct SocketWish: Sendable {
  var policy = ViewerPolicy.conflate
  var from: UInt64?
  var tensors = MessageTensors.binary

  init() {}

  /// Reads `policy`, `from`, `tensors` of a command.
  init(_ fields: Fields) throws(Refusal) {
    if let name = try fields.choice("policy", ViewerPolicy.allCases.map(\.rawValue)) {
      policy = ViewerPolicy(rawValue: name) ?? .conflate
    }
    if let name = try fields.choice("tensors", MessageTensors.allCases.map(\.rawValue)) {
      tensors = MessageTensors(rawValue: name) ?? .binary
    }
    from = try fields.integer("from", in: 0...Int.max).map { UInt64($0) }
  }

  /// Reads the same from the query of a request.
  init(_ request: Request) throws(Refusal) {
    if let name = request.query("policy") {
      guard let policy = ViewerPolicy(rawValue: name) else {
        throw .unknownValue(
          field: "policy", found: "\"\(name.prefix(80))\"",
          allowed: ViewerPolicy.allCases.map(\.rawValue))
      }
      self.policy = policy
    }
    if let name = request.query("tensors") {
      guard let tensors = MessageTensors(rawValue: name) else {
        throw .unknownValue(
          field: "tensors", found: "\"\(name.prefix(80))\"",
          allowed: MessageTensors.allCases.map(\.rawValue))
      }
      self.tensors = tensors
    }
    if let text = request.query("from") {
      guard let from = UInt64(text) else {
        throw .wrongType(field: "from", expected: "an integer", found: "\"\(text.prefix(80))\"")
      }
      self.from = from
    }
  }
}
