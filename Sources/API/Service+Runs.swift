internal import HTTP
internal import JSON
package import Runs

/// What `Runs` cannot do, as refusals.
extension Service {
  /// How the streams of runs tell of an error.
  static let worded: ErrorWording = { Refusal.run($0).reply.event }

  /// The run of a name, whether a model computes it or a recording is played.
  package func run(_ id: String) throws(Refusal) -> any StreamedRun {
    do { return try runs.run(id) } catch { throw .run(error) }
  }

  /// Refuses another run where there are as many as may be.
  func checkRoom() throws(Refusal) {
    do { try runs.checkRoom() } catch { throw .run(error) }
  }
}

/// Carries out something of a run; what it cannot do is refused.
func refusing<Answer: Sendable>(
  _ body: () async throws(RunError) -> Answer
) async throws(Refusal) -> Answer {
  do { return try await body() } catch { throw .run(error) }
}
