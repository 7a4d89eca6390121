/// Where a run stands.
package enum RunStatus: String, Sendable {
  case queued, running, paused, finished, cancelled, failed

  /// Whether nothing more will happen in it.
  package var isOver: Bool { self == .finished || self == .cancelled || self == .failed }
}
