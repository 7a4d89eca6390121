internal import Frames
internal import Engine
package import Hooks

extension Service {
  /// Reads interventions for a model; patches take their rows from the frames that other runs still hold.
  package func interventionReader(_ catalogue: HookCatalogue) -> InterventionReader {
    let runs = runs
    return InterventionReader(catalogue) { runID, hookID, point throws(Refusal) in
      let run = try runs.run(runID)
      var frames: [FrameBytes] = []
      for item in run.topic.pieces().joined() {
        guard case .frame(hookID) = item.kind, let bytes = item.frame else { continue }
        if let frame = try? FrameBytes(checking: bytes) { frames.append(frame) }
      }
      guard let rows = CapturedRows(frames, at: point, catalogue: catalogue) else {
        throw .noSuchCapture(runID: runID, hookID: hookID)
      }
      return (rows.values, rows.width, rows.firstPosition)
    }
  }
}

/// The rows of a point over consecutive positions, put together from a run's frames.
struct CapturedRows {
  let firstPosition: Int
  /// Numbers of one position, heads one behind the other.
  let width: Int
  private(set) var values: [Float]

  /// - Returns: nil where there are no frames, or positions are missing between them.
  init?(_ frames: [FrameBytes], at point: HookPoint, catalogue: HookCatalogue) {
    let whole = frames.filter {
      $0.frame.kind == .activation && !$0.frame.flags.contains(.scatteredPositions)
    }
    guard let first = whole.first else { return nil }
    firstPosition = Int(first.frame.firstPosition)
    width = catalogue.width(of: point.site)
    values = []
    let isPerHead = point.site.axes.first != .position
    for frame in whole {
      let shape = frame.frame.shape
      guard Int(frame.frame.firstPosition) == firstPosition + values.count / max(width, 1),
        shape.count == (isPerHead ? 4 : 3),
        // Some heads or some neurons are no row.
        width == (isPerHead ? shape[1] * shape[3] : shape[2]), let numbers = try? frame.values()
      else { return nil }
      if isPerHead {
        appendHeads(numbers, shape: frame.frame.shape)
      } else {
        values += numbers
      }
    }
  }

  /// `[1, heads, positions, d_head]` as rows of positions.
  private mutating func appendHeads(_ numbers: [Float], shape: [Int]) {
    let (heads, positions, size) = (shape[1], shape[2], shape[3])
    for position in 0..<positions {
      for head in 0..<heads {
        let start = (head * positions + position) * size
        values += numbers[start..<start + size]
      }
    }
  }
}
