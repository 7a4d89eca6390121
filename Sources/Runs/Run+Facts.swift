internal import Streams
internal import Engine
internal import Hooks

extension Run {
  /// What the run is now.
  package var facts: RunFacts {
    RunFacts(
      id: id, urls: place.urls(of: id), order: order, created: created, status: progress.status,
      sequence: topic.nextSequence, step: progress.step,
      completionTokens: progress.completionTokens, finishReason: progress.finishReason,
      pieces: progress.pieces, text: progress.text, hooks: progress.toldHooks,
      interventions: progress.interventions, watches: progress.watches,
      recordingID: outlet.recordingID, parent: identity.parent, viewers: topic.viewerCount,
      failure: failure.map(services.worded), summary: progress.summary,
      expiresAt: progress.status.isOver ? nil : place.expiresAt(viewers: topic.viewerCount))
  }
}
