import Testing

@testable import Runs

@Suite struct `The status of a run` {
  @Test(arguments: [
    (RunStatus.Occasion.computed, RunStatus.running, RunStatus.running, RunStatus.paused),
    (.resumed, .running, .running, .running),
    (.paused, .paused, .paused, .paused),
    (.cancelled, .cancelled, .cancelled, .cancelled),
    (.ended(.finished), .finished, .finished, .finished),
  ])
  func `follows its table`(
    occasion: RunStatus.Occasion, queued: RunStatus, running: RunStatus, paused: RunStatus
  ) {
    #expect(RunStatus.queued.after(occasion) == queued)
    #expect(RunStatus.running.after(occasion) == running)
    #expect(RunStatus.paused.after(occasion) == paused)
  }

  @Test(arguments: [RunStatus.finished, .cancelled, .failed])
  func `stays when it is over, but for the engine's last word`(over: RunStatus) {
    for occasion: RunStatus.Occasion in [.computed, .resumed, .paused, .cancelled] {
      #expect(over.after(occasion) == over)
    }
    for word in [RunStatus.finished, .cancelled, .failed] {
      #expect(over.after(.ended(word)) == word)
    }
  }
}
