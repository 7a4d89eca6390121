internal import Recordings
internal import Synchronization

/// The harvests that this server writes or has failed to write.
final class HarvestDesk: Sendable {
  /// Failures that are remembered.
  private static let kept = 256
  private let jobs = Mutex<[String: HarvestJob]>([:])

  subscript(name: String) -> HarvestJob? { jobs.withLock { $0[name] } }

  /// Takes a name for a job that nobody else writes.
  func claim(_ job: HarvestJob) throws(Refusal) {
    let isTaken = jobs.withLock { jobs in
      if jobs[job.name]?.isRunning == true { return true }
      if jobs.count >= Self.kept, let over = jobs.first(where: { !$0.value.isRunning }) {
        jobs[over.key] = nil
      }
      jobs[job.name] = job
      return false
    }
    guard !isTaken else { throw .harvestFile(.running(name: job.name)) }
  }

  /// Refuses a job for which all harvests together leave no room: those being written count with what they will have.
  func check(_ job: HarvestJob, beside used: [String: Int], limit: Int) throws(Refusal) {
    let sum = jobs.withLock { jobs in
      var bytes = used
      for (name, other) in jobs where other.isRunning && name != job.name {
        bytes[name] = max(bytes[name] ?? 0, other.byteCount)
      }
      return bytes.values.reduce(0) { $0 + $1 }
    }
    guard job.byteCount <= limit - sum else {
      throw .harvestFile(.full(needed: job.byteCount, used: sum, limit: limit))
    }
  }

  /// Forgets a job that is over.
  func forget(_ job: HarvestJob) {
    jobs.withLock { jobs in
      if jobs[job.name] === job { jobs[job.name] = nil }
    }
  }
}
