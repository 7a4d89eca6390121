internal import HTTP
internal import JSON
package import Runs

/// What `Runs` cannot do, as refusals.
extension Service {
  /// How the streams of runs tell of an error.
  static let worded: ErrorWording = { Refusal.run($0).reply.event }

  /// The run of a name, whether a model computes it or a recording is played, for somebody who watches or commands it.
  package func run(_ id: String) throws(Refusal) -> any StreamedRun {
    let run = try glance(id)
    run.place.touch()
    return run
  }

  /// The run of a name for somebody who only looks: that keeps no run.
  ///
  /// Another key's run is not there, unless that key shares it.
  func glance(_ id: String) throws(Refusal) -> any StreamedRun {
    guard isVisible(id, to: .current) else { throw .run(.notFound(id)) }
    do { return try runs.run(id) } catch { throw .run(error) }
  }

  /// The run of a name for somebody who changes or ends it: not one that another key shares.
  func own(_ id: String) throws(Refusal) -> any StreamedRun {
    let run = try run(id)
    guard Caller.current.sees(runs.owner(of: id)) else { throw .ofAnotherKey("Run \(id)") }
    return run
  }

  private func isVisible(_ id: String, to caller: Caller) -> Bool {
    caller.sees(runs.owner(of: id)) || runs.isShared(id)
  }

  /// The runs that the caller may see, the newest first.
  var visibleRuns: [any StreamedRun] {
    let caller = Caller.current
    return runs.all.filter { isVisible($0.id, to: caller) }
  }

  /// Refuses what the caller's key does not allow.
  func require(_ scope: Scope) throws(Refusal) {
    let caller = Caller.current
    guard caller.may(scope) else { throw .scopeMissing(scope, caller) }
  }

  /// Takes a place for another run, or refuses it where there are as many as may be.
  func takePlace(_ kind: RunPlaces.Kind) throws(Refusal) -> RunPlace {
    do { return try runs.takePlace(kind) } catch { throw .run(error) }
  }
}

/// Carries out something of a run; what it cannot do is refused.
func refusing<Answer: Sendable>(
  _ body: () async throws(RunError) -> Answer
) async throws(Refusal) -> Answer {
  do { return try await body() } catch { throw .run(error) }
}
