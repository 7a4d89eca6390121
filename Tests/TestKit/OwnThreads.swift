internal import Loops
package import Testing

/// Runs tests on threads of their own.
///
/// Swift's own threads are as few as there are processors, and tests that compute hold them for seconds. A test that
/// talks over sockets, one short step at a time, would wait behind all of them at each step; here it shares the
/// processors with them, not the threads.
package struct OwnThreads: SuiteTrait, TestTrait, TestScoping {
  private static let threads = WorkThreads(count: 8)

  package var isRecursive: Bool { true }

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(Self.threads) { try await function() }
  }
}

extension Trait where Self == OwnThreads {
  /// For tests that wait for sockets.
  package static var ownThreads: Self { OwnThreads() }
}
