import Foundation

/// How long tests wait for what should come before they take it for lost.
///
/// Limits of this kind decide nothing but when a broken test gives up, so a machine that is slow on purpose may
/// stretch them all: `NEUROSCOPE_TEST_PATIENCE` is the factor, 1 where it is not set. `Tests/Sanitizers/run` sets it.
package enum Patience {
  package static let factor: Int = {
    let text = ProcessInfo.processInfo.environment["NEUROSCOPE_TEST_PATIENCE"] ?? ""
    return Int(text).map { min(max($0, 1), 1000) } ?? 1
  }()

  /// So many seconds of an ordinary machine.
  package static func seconds(_ count: Int) -> Duration { .seconds(count * factor) }
}
