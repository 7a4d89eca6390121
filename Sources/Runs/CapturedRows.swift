internal import Frames
internal import Hooks

/// The numbers of a point over consecutive positions, as captures bring them pass by pass: what a patch puts in.
package struct CapturedRows: Sendable {
  package private(set) var firstPosition = 0
  /// Numbers of one position, heads one behind the other; 0 before the first capture.
  package private(set) var width = 0
  package private(set) var values: [Float] = []
  private let isPerHead: Bool
  private var isBroken = false

  init(at site: HookSite) {
    isPerHead = site.axes.first != .position
  }

  /// Whether there are numbers, and of every position between the first and the last.
  var isWhole: Bool { !isBroken && !values.isEmpty }
  var byteCount: Int { values.count * MemoryLayout<Float>.size }

  /// Adds a captured tensor, `dimensions` behind its batch axis.
  ///
  /// A run that was rewound brings positions again; the newer ones count.
  mutating func append(
    _ numbers: UnsafeBufferPointer<Float>, dimensions: [Int], positions: [Int]
  ) {
    guard !isBroken, let first = positions.first, let last = positions.last else { return }
    let own = dimensions.reduce(1, *) / positions.count
    guard last - first + 1 == positions.count, dimensions.count == (isPerHead ? 3 : 2),
      numbers.count == own * positions.count, own > 0, width == 0 || own == width
    else { return breakOff() }
    if values.isEmpty || first < firstPosition {
      values.removeAll(keepingCapacity: true)
      firstPosition = first
      width = own
    }
    let known = values.count / width
    guard first <= firstPosition + known else { return breakOff() }
    values.removeLast((firstPosition + known - first) * width)
    if isPerHead {
      appendHeads(numbers, heads: dimensions[0], positions: dimensions[1], size: dimensions[2])
    } else {
      values += numbers
    }
  }

  /// Positions are missing, or some numbers of a row: there is nothing to patch from any more.
  private mutating func breakOff() {
    isBroken = true
    values = []
  }

  /// `[heads, positions, size]` as rows of positions.
  private mutating func appendHeads(
    _ numbers: UnsafeBufferPointer<Float>, heads: Int, positions: Int, size: Int
  ) {
    for position in 0..<positions {
      for head in 0..<heads {
        let start = (head * positions + position) * size
        values += numbers[start..<start + size]
      }
    }
  }
}

extension CapturedRows {
  /// The rows that frames hold.
  ///
  /// - Returns: nil where a frame can't be read.
  init?(_ frames: [FrameBytes], at site: HookSite) {
    self.init(at: site)
    for bytes in frames {
      let frame = bytes.frame
      guard frame.kind == .activation, !frame.flags.contains(.scatteredPositions),
        let numbers = try? bytes.values()
      else { return nil }
      let dimensions = Array(frame.shape.dropFirst())
      let count = dimensions.count == 3 ? dimensions[1] : dimensions.first ?? 0
      // Every fourth position is no row after row; a single one is.
      guard frame.positionStride == 1 || count == 1 else { return nil }
      let first = Int(frame.firstPosition)
      numbers.withUnsafeBufferPointer {
        append($0, dimensions: dimensions, positions: Array(first..<first + count))
      }
    }
  }
}
