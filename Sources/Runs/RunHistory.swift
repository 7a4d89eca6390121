internal import JSON

/// What a recorded run was told from its request on, in bodies: enough to compute it a second time.
///
/// A fork's history holds that of its parent up to the fork.
package struct RunHistory: Sendable {
  /// The record of the request: a completed body, or for a fork `{"fork": body, "parent": history}`.
  package let request: [UInt8]
  /// What was changed since, in order, as the records of changes say it.
  package private(set) var changes: [[UInt8]] = []

  package init(request: [UInt8], changes: [[UInt8]] = []) {
    self.request = request
    self.changes = changes
  }

  package mutating func append(_ change: [UInt8]) { changes.append(change) }

  /// The request record of a run that forks from this one.
  ///
  /// - Parameter firstStep: the first pass that this run computed itself, 0 for one that is no fork; nil where it has
  ///   computed none.
  package func request(forkedBy body: [UInt8], firstStep: Int?) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("fork", raw: body)
      writer.object("parent") { writer in
        writer.member("first_step", firstStep)
        writer.member("request", raw: request)
        writer.array("changes") { writer in
          for change in changes { writer.verbatim(change) }
        }
      }
    }
  }
}
