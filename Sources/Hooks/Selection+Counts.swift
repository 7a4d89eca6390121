extension Selection.Positions {
  /// How many positions are kept of a prompt.
  package func count(ofPrompt length: Int) -> Int {
    switch self {
    case .all: length
    case .last: min(1, length)
    case .list(let list): list.filter { $0 < length }.count
    case .range(let range): range.clamped(to: 0..<length).count
    case .everyNth(let n): (length + max(n, 1) - 1) / max(n, 1)
    }
  }
}

extension CaptureSpec {
  /// The dimensions, behind its batch axis, of what is sent of a prompt; nil where nothing is.
  ///
  /// An expert's output has as many rows as the router sends it: those are not known before.
  package func dimensions(ofPrompt length: Int, in catalogue: HookCatalogue) -> [Int]? {
    let kept = selection.positions.count(ofPrompt: length)
    guard kept > 0 else { return nil }
    let captured = shape(in: catalogue).dimensions(positions: kept, keys: length)
    guard selection.reduction != .none, let width = captured.last else { return captured }
    return captured.dropLast() + selection.reduction.lastDimensions(width)
  }
}
