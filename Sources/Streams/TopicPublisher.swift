package import Frames
/// The one right to publish into a topic.
///
/// A run's numbering has no holes and no order but that of publishing, so there is exactly one
/// publisher: it cannot be copied, and whoever owns it (the run's actor) is the only one to number
/// items. Dropping it finishes the topic.
package struct TopicPublisher: ~Copyable, Sendable {
  /// The topic, for viewers.
  package let topic: Topic
  private let budget: ByteBudget?
  private var next: UInt64 = 0

  /// Makes a topic and the right to publish into it.
  ///
  /// - Parameters:
  ///   - run: the run's id.
  ///   - epoch: this life of the server; the first half of every event's id.
  ///   - budget: the account shared by all topics of the server.
  ///   - archive: what keeps the items that the ring lets go.
  package init(
    run: String, epoch: String, limits: TopicLimits = TopicLimits(), budget: ByteBudget? = nil,
    archive: (any TopicArchive)? = nil, signals: TopicSignals
  ) {
    topic = Topic(
      run: run, epoch: epoch, limits: limits, budget: budget, archive: archive, signals: signals)
    self.budget = budget
  }

  deinit { topic.finish() }

  /// The number the next item gets.
  package var nextSequence: UInt64 { next }

  /// Adds an event without waking anybody yet; `announce` does, once for a whole step.
  ///
  /// - Parameters:
  ///   - contents: what it says, for readers in this process.
  ///   - json: makes the event's single-line JSON, which contains its number.
  package mutating func add<Failure: Error>(
    _ type: String, contents: EventContents? = nil, json: (UInt64) throws(Failure) -> [UInt8]
  ) throws(Failure) {
    let text = try json(next)
    append(
      TopicItem(
        type, sequence: next, contents: contents, text: text, epoch: topic.epoch, budget: budget))
  }

  /// Adds a captured tensor without waking anybody yet.
  ///
  /// - Parameters:
  ///   - hook: the hook's id, under which viewers are told what they missed.
  ///   - encode: encodes the tensor frame, which contains the item's number.
  package mutating func add<Failure: Error>(
    frameOf hook: String, type: String = "activation",
    encode: (UInt64) throws(Failure) -> any EncodedTensor
  ) throws(Failure) {
    let tensor = try encode(next)
    append(
      TopicItem(
        type, sequence: next, tensor: tensor, hook: hook, epoch: topic.epoch, budget: budget))
  }

  /// Adds an item of a recording under the number it has there.
  ///
  /// Numbers may be left out, but only ascend: an item that says otherwise (a file says what it likes) is left out.
  package mutating func add(_ item: TopicItem) {
    guard item.sequence >= next, item.sequence < 1 << 62 else { return }
    topic.append(item)
    next = item.sequence + 1
  }

  /// Wakes the viewers that wait.
  ///
  /// - Returns: whether a lossless viewer is behind: nothing more should be published until the
  ///   topic's `held(false)` signal. Publishing all the same is safe but costs that viewer.
  @discardableResult
  package mutating func announce() -> Bool { topic.announce() }

  /// Adds one event and wakes the viewers.
  @discardableResult
  package mutating func publish<Failure: Error>(
    _ type: String, json: (UInt64) throws(Failure) -> [UInt8]
  ) throws(Failure) -> Bool {
    try add(type, json: json)
    return announce()
  }

  /// Ends the topic: viewers get what is left, then the end.
  ///
  /// The ring stays readable.
  package consuming func finish() {}

  private mutating func append(_ item: TopicItem) {
    topic.append(item)
    next += 1
  }
}
