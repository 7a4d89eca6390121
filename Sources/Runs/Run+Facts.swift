internal import Streams
internal import Engine
internal import Hooks

extension Run {
  /// What the run is now.
  package var facts: RunFacts {
    RunFacts(
      id: id, urls: place.urls(of: id), order: order, created: created, status: status,
      sequence: topic.nextSequence,
      step: step, completionTokens: completionTokens, finishReason: finishReason, pieces: pieces,
      text: text, hooks: toldHooks, interventions: interventions, watches: watches,
      recordingID: recordingID,
      parent: parent,
      viewers: topic.viewerCount, failure: failure.map(worded), summary: summary,
      expiresAt: status.isOver ? nil : place.expiresAt(viewers: topic.viewerCount))
  }
}
