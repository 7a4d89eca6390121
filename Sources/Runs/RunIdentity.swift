internal import Streams

/// What a run is from its beginning on.
struct RunIdentity: Sendable {
  let id: String
  let order: RunOrder
  /// Seconds since 1970.
  let created: Int
  let place: RunPlace
  let topic: Topic
  /// The run from which it forked.
  let parent: String?
}
