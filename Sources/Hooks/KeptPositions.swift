/// The positions of one pass that its captures keep; those that keep the same share one list.
struct KeptPositions {
  private let pass: Range<Int>
  private let all: [Int]
  private let last: [Int]

  init(_ pass: Range<Int>) {
    self.pass = pass
    all = Array(pass)
    last = pass.count == 1 ? all : Array(pass.suffix(1))
  }

  /// The positions, ascending, that a selection keeps.
  func kept(by selection: Selection.Positions) -> [Int] {
    switch selection {
    case .all: all
    case .last: last
    default: all.filter { selection.contains($0, isLast: $0 == pass.upperBound - 1) }
    }
  }
}
