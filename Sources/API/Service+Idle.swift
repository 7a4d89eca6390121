internal import Logging
internal import Loops
internal import Runs
internal import Streams
internal import Synchronization

/// Runs that stand still and that nobody watches.
extension Service {
  /// Lists a run, which from now on may stand still for too long.
  func list(_ run: any StreamedRun) {
    runs.add(run)
    sweepLater()
  }

  /// Warns and ends the runs that nobody has watched or commanded for too long.
  func sweep(at now: ContinuousClock.Instant) async {
    let (warned, ended) = runs.idle(at: now)
    for run in warned { await run.warnOfEnd() }
    for run in ended where run.topic.viewerCount == 0 {
      logger.info("ending a run that nobody watches", metadata: ["run": "\(run.id)"])
      run.cancel()
    }
  }

  /// Sweeps now and then, as long as there are runs.
  private func sweepLater() {
    guard options.idleSeconds > 0, !isSweeping.exchange(true, ordering: .acquiringAndReleasing)
    else { return }
    // A warning comes a tenth of the time before the end.
    let pause = max(Double(options.idleSeconds) / 50, 0.02)
    publishing.schedule(after: .seconds(min(pause, 1))) { [weak self] in
      Task {
        guard let self else { return }
        await self.sweep(at: .now)
        self.isSweeping.store(false, ordering: .releasing)
        if !self.runs.active.isEmpty { self.sweepLater() }
      }
    }
  }
}
