/// The hooks that a change takes off: those that it names, or all, and those of the names that it brings anew.
package struct ReplacedHooks: Sendable {
  /// nil for all.
  private let ids: Set<String>?

  /// - Parameters:
  ///   - added: what comes.
  ///   - removed: ids of those that go; nil for all.
  package init(adding added: some Sequence<CaptureSpec>, removing removed: Set<String>?) {
    ids = removed?.union(added.map(\.hookID))
  }

  package func contains(_ spec: CaptureSpec) -> Bool { ids?.contains(spec.hookID) ?? true }
}
