internal import Synchronization

/// What was told, in order.
package final class SignalLog: Sendable {
  private let list = Mutex<[String]>([])
  package init() {}

  package var all: [String] { list.withLock(\.self) }
  package func note(_ text: String) { list.withLock { $0.append(text) } }
}
