package import Engine
package import Loops
package import Streams

/// What the runs of a server share.
package struct RunServices: Sendable {
  /// On which streams are published, one item at a time.
  let loop: Loop
  /// Threads on which large passes are framed.
  let framers: WorkThreads
  let engine: Engine
  /// Where exact captures are kept for patches into other runs.
  let sources: PatchSources
  /// This life of the server; the first half of every event's id.
  let epoch: String
  let limits: TopicLimits
  let budget: ByteBudget?
  /// How viewers are told of an error.
  let worded: ErrorWording
  /// What is counted of all runs together.
  let meter: RunMeter?

  package init(
    loop: Loop, framers: WorkThreads, engine: Engine, sources: PatchSources, epoch: String,
    limits: TopicLimits, budget: ByteBudget?, worded: @escaping ErrorWording, meter: RunMeter?
  ) {
    self.loop = loop
    self.framers = framers
    self.engine = engine
    self.sources = sources
    self.epoch = epoch
    self.limits = limits
    self.budget = budget
    self.worded = worded
    self.meter = meter
  }
}
