internal import Frames
package import Hooks
internal import Streams
internal import Synchronization

/// Captures as they were computed, in float32, for patches into other runs.
///
/// Viewers are sent rounded numbers unless they ask for f32, so frames can't serve. What a run's hooks captured whole is
/// kept here as well, within a number of bytes that all runs share: where they are too many, the hooks that began first are
/// forgotten, and whoever asks for one is told.
package final class PatchSources: Sendable {
  /// What is known of a hook.
  package enum Found: Sendable {
    case rows(CapturedRows)
    /// Forgotten for want of room.
    case forgotten
    /// All that is left was rounded to a type on its way out.
    case rounded(dtype: String)
    case nothing
  }

  private struct Key: Hashable {
    let run: String
    let hook: Int
  }

  private struct Entry {
    let id: String
    let point: HookPoint
    /// nil once they are forgotten.
    var rows: CapturedRows?
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    /// Those with rows, the first to begin first.
    var order: [Key] = []
    var bytes = 0
  }

  /// Bytes that all rows together may have.
  package let limit: Int
  private let state = Mutex(State())

  package init(limit: Int) {
    self.limit = limit
  }

  /// Keeps one captured tensor; only of hooks that ``RunHook/servesPatches`` says.
  func keep(_ item: CaptureBatch.Item, of batch: CaptureBatch, hook: RunHook, run: String) {
    let key = Key(run: run, hook: hook.index)
    batch.withValues(of: item) { values in
      state.withLock { state in
        if state.entries[key] == nil {
          let rows = CapturedRows(at: hook.spec.point.site)
          state.entries[key] = Entry(id: hook.spec.hookID, point: hook.spec.point, rows: rows)
          state.order.append(key)
        }
        // Out of the table while it grows, or its numbers would be copied.
        guard var rows = state.entries[key]?.rows.take() else { return }
        state.bytes -= rows.byteCount
        rows.append(values, dimensions: item.dimensions, positions: item.positions)
        state.bytes += rows.byteCount
        state.entries[key]?.rows = rows
        while state.bytes > limit, let first = state.order.first {
          state.order.removeFirst()
          state.bytes -= state.entries[first]?.rows?.byteCount ?? 0
          state.entries[first]?.rows = nil
        }
      }
    }
  }

  /// The rows of a run's hook for a patch into a point: those kept here, or else those in the frames that it still holds.
  ///
  /// - Parameter width: numbers of one position, which the rows must have.
  package func rows(
    of hookID: String, in run: any StreamedRun, at point: HookPoint, width: Int
  ) -> Found {
    switch rows(of: hookID, run: run.id, at: point) {
    case .rows(let kept): kept.isWhole && kept.width == width ? .rows(kept) : .nothing
    case .forgotten: .forgotten
    case .nothing, .rounded: Self.framed(hookID, of: run.topic, at: point, width: width)
    }
  }

  private static func framed(
    _ hookID: String, of topic: Topic, at point: HookPoint, width: Int
  ) -> Found {
    var frames: [FrameBytes] = []
    for item in topic.pieces().joined() {
      if let event = item.activation, event.hook.id == hookID { frames.append(event.frame) }
    }
    guard let rows = CapturedRows(frames, at: point.site), rows.isWhole, rows.width == width else {
      return .nothing
    }
    let rounded = frames.first { $0.frame.elementType != .float32 }
    return rounded.map { .rounded(dtype: $0.frame.elementType.name) } ?? .rows(rows)
  }

  /// The rows of a run's hook; where it captures input and output, those of the point itself, or else the output's.
  func rows(of hookID: String, run: String, at point: HookPoint) -> Found {
    state.withLock { state in
      let own = state.entries.filter { $0.key.run == run && $0.value.id == hookID }
        .sorted { $0.key.hook < $1.key.hook }.map(\.value)
      guard let entry = own.first(where: { $0.point == point }) ?? own.last else { return .nothing }
      return entry.rows.map { .rows($0) } ?? .forgotten
    }
  }

  /// Lets go of what a run captured.
  func forget(run: String) {
    state.withLock { state in
      for (key, entry) in state.entries where key.run == run {
        state.bytes -= entry.rows?.byteCount ?? 0
        state.entries[key] = nil
      }
      state.order.removeAll { $0.run == run }
    }
  }

  /// Bytes held now.
  var byteCount: Int { state.withLock(\.bytes) }
}
