internal import HTTP
internal import Loops

/// Long computations of requests, done in turn with those of other clients and off the threads that all share.
extension Service {
  /// Bytes below which a body is read where it is, if no text of it is encoded.
  private static let lightBytes = 16 << 10

  /// Has something computed when the client's turn comes.
  ///
  /// - Parameter bytes: how much there is to be gone through.
  /// - Throws: what the computation throws; a refusal of its own where too much waits.
  func turn<Answer: Sendable>(
    bytes: Int, _ body: @Sendable () throws(Refusal) -> Answer
  ) async throws(Refusal) -> Answer {
    let result: Result<Answer, Refusal>
    do throws(WorkRefusal) {
      result = try await work.turn(bytes: bytes) {
        Result { () throws(Refusal) in try body() }
      }
    } catch {
      throw .work(error)
    }
    return try result.get()
  }

  /// The same for what is only worth a turn where there are many bytes.
  func turnIfLong<Answer: Sendable>(
    bytes: Int, _ body: @Sendable () throws(Refusal) -> Answer
  ) async throws(Refusal) -> Answer {
    bytes < Self.lightBytes ? try body() : try await turn(bytes: bytes, body)
  }

  /// What a request's body means, made in turn.
  func read<Answer: Sendable>(
    _ request: Request, _ make: @Sendable (Fields) throws(Refusal) -> Answer
  ) async throws(Refusal) -> Answer {
    let fields = try await fields(of: request)
    return try await turn(bytes: fields.byteCount) { () throws(Refusal) in try make(fields) }
  }

  /// A message of a socket.
  func fields(_ body: [UInt8]) async throws(Refusal) -> Fields {
    try await turnIfLong(bytes: body.count) { () throws(Refusal) in try Fields(body: body) }
  }
}

extension WorkQueue {
  /// Writes something long in turn, and here where too much waits: what was computed is never refused.
  func written<Answer: Sendable>(
    bytes: Int, _ body: @Sendable () -> Answer
  ) async -> Answer {
    guard bytes >= Self.largeBytes else { return body() }
    do throws(WorkRefusal) { return try await turn(bytes: bytes, body) } catch { return body() }
  }
}
