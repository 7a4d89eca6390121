internal import HTTP
internal import JSON
internal import Frames
internal import HTTPTypes
internal import Runs

/// Something that a client may do to one run, the same over REST and over a WebSocket.
///
/// One file in `Commands/` and one line in `RunCommands.swift`: the routes and the socket both iterate that list.
protocol RunCommand: SendableMetatype {
  /// The socket's name of it.
  static var name: String { get }
  static var method: HTTPRequest.Method { get }
  /// What stands behind `/v1/runs/{id}/`.
  static var path: String { get }
  /// Whether it makes another run, which a socket then watches.
  static var makesRun: Bool { get }
  /// Names that a message may use besides those of the operation.
  static var furtherMembers: Set<String> { get }
  /// What a key must allow; where it is not said, everything.
  static var scope: Scope { get }
  static func perform(_ call: RunCall) async throws(Refusal) -> RunAnswer
}

extension RunCommand {
  static var method: HTTPRequest.Method { .post }
  static var path: String { name }
  static var makesRun: Bool { false }
  static var furtherMembers: Set<String> { [] }
  static var scope: Scope { .admin }
}

/// One call of a command, by whichever door it came.
struct RunCall: Sendable {
  let service: Service
  private let id: @Sendable () throws(Refusal) -> String
  private let body: @Sendable (_ isRequired: Bool) async throws(Refusal) -> Fields
  private let value: @Sendable (_ name: String) throws(Refusal) -> String?

  /// A request below `/v1/runs/{id}/`; single values may stand in its path or its query.
  init(_ request: Request, _ service: Service) {
    self.service = service
    id = { () throws(Refusal) in request.parameters["id"] ?? "" }
    body = { isRequired throws(Refusal) in
      try await service.fields(of: request, isOptional: !isRequired)
    }
    value = { name throws(Refusal) in request.parameters[name] ?? request.query(name) }
  }

  /// A message of a socket, whose members are those of the body and `run_id`.
  init(_ fields: Fields, _ service: Service) {
    self.service = service
    id = { () throws(Refusal) in
      guard let id = try fields.string("run_id") else { throw .missing(field: "run_id") }
      return id
    }
    body = { _ throws(Refusal) in fields }
    value = { name throws(Refusal) in try fields.string(name) }
  }

  /// The run for somebody who only looks, whether a model computes it or a recording is played.
  func watched() throws(Refusal) -> any StreamedRun { try service.run(try id()) }
  /// The run, which is the caller's own to change.
  func run() throws(Refusal) -> any StreamedRun { try service.own(try id()) }
  /// The same, which a model computes.
  func computed() throws(Refusal) -> Run {
    let id = try id()
    guard let run = try service.own(id) as? Run else { throw .notAModelRun(id) }
    return run
  }
  /// The members; over REST a body must be there.
  func fields() async throws(Refusal) -> Fields { try await body(true) }
  /// The members, none where there is no body.
  func optionalFields() async throws(Refusal) -> Fields { try await body(false) }
  /// One text of the path, the query or the message.
  func text(_ name: String) throws(Refusal) -> String? { try value(name) }
}

/// What a command answers.
enum RunAnswer: Sendable {
  /// The run as it is now.
  case run(any StreamedRun)
  /// A run that it made.
  case made(Run)
  /// Members beside the run's id.
  case members(
    of: any StreamedRun, status: HTTPResponse.Status = .ok,
    @Sendable (inout JSONWriter) -> Void)
}
