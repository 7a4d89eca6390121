internal import Streams
internal import Frames
internal import Engine
package import Hooks

extension Service {
  /// Reads interventions for a model; patches take their rows from what other runs captured, to the last bit.
  package func interventionReader(_ catalogue: HookCatalogue) -> InterventionReader {
    let runs = runs
    let sources = sources
    return InterventionReader(catalogue) { runID, hookID, point throws(Refusal) in
      let run = try runs.run(runID)
      let rows: CapturedRows
      switch sources.rows(of: hookID, run: runID, at: point) {
      case .rows(let kept): rows = kept
      case .forgotten:
        throw .captureForgotten(runID: runID, hookID: hookID, limit: sources.limit)
      case .nothing:
        rows = try Self.framedRows(
          run, hookID: hookID, at: point, width: catalogue.width(of: point.site))
      }
      guard rows.isWhole, rows.width == catalogue.width(of: point.site) else {
        throw .noSuchCapture(runID: runID, hookID: hookID)
      }
      return (rows.values, rows.width, rows.firstPosition)
    }
  }

  /// The rows in the frames that a run still holds, where they are whole and exact.
  private static func framedRows(
    _ run: any StreamedRun, hookID: String, at point: HookPoint, width: Int
  ) throws(Refusal) -> CapturedRows {
    var frames: [FrameBytes] = []
    for item in run.topic.pieces().joined() {
      guard case .frame(hook: hookID) = item.kind, let bytes = item.frame else { continue }
      if let frame = try? FrameBytes(checking: bytes) { frames.append(frame) }
    }
    guard let rows = CapturedRows(frames, at: point.site), rows.isWhole, rows.width == width else {
      throw .noSuchCapture(runID: run.id, hookID: hookID)
    }
    for bytes in frames where bytes.frame.elementType != .float32 {
      throw .inexactCapture(
        runID: run.id, hookID: hookID, dtype: bytes.frame.elementType.name)
    }
    return rows
  }
}
