internal import CKernels

/// A team of threads that shares out numbered parts of one piece of work.
///
/// The caller takes part. Between pieces the workers look out for some 60 µs and then sleep, so the hundreds
/// of small pieces of one token never pay for waking a thread, and an idle server costs nothing.
/// - Isolation: one caller at a time.
package final class WorkerTeam: Sendable {
  /// Threads, the caller's included; fewer than asked for where the system refused some.
  package let threads: Int
  // nil only where not even the team's own memory was to be had: then the caller does all the work.
  private let team: Handle?

  private struct Handle: @unchecked Sendable {
    // Proof for @unchecked: the C team synchronises itself; the pointer never changes.
    let pointer: OpaquePointer
  }

  package init(threads: Int) {
    team = ns_team_create(Int32(clamping: threads)).map(Handle.init)
    self.threads = team.map { Int(ns_team_threads($0.pointer)) } ?? 1
  }

  deinit { ns_team_destroy(team?.pointer) }

  /// Runs parts `0 ..< parts`, each once, and returns when all are done.
  package func run(parts: Int, _ body: (Int) -> Void) {
    run(parts: parts) { part, _ in body(part) }
  }

  /// The same, telling the body which thread it runs on (0 is the caller), for scratch memory of its own.
  package func run(parts: Int, _ body: (_ part: Int, _ thread: Int) -> Void) {
    guard let team, parts > 1, threads > 1 else {
      for part in 0..<max(parts, 0) { body(part, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { context in
        ns_team_run(
          team.pointer, Int64(parts),
          { context, part, thread in
            context?.assumingMemoryBound(to: ((Int, Int) -> Void).self).pointee(
              Int(part), Int(thread))
          }, UnsafeMutableRawPointer(mutating: context))
      }
    }
  }
}
