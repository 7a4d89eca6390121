/// One row of cells, dark to bright: a number per layer as a picture.
///
/// The scale is logarithmic and spans what has been seen so far, since a residual stream grows by powers from the
/// first layer to the last.
struct RunHeatStrip {
  private var low = Float.infinity
  private var high = -Float.infinity
  private let hasColour: Bool
  /// Columns of a cell.
  let cellWidth: Int

  /// - Parameter cellWidth: columns of a cell; nil takes two where there is room.
  init(layers: Int, hasColour: Bool, cellWidth: Int? = nil) {
    self.hasColour = hasColour
    self.cellWidth = cellWidth ?? (layers <= 32 ? 2 : 1)
  }

  /// From black over purple and red to pale yellow, in the 256 colours of xterm.
  private static let colours = [
    16, 17, 18, 54, 55, 91, 127, 162, 197, 203, 209, 215, 221, 228, 230,
  ]
  private static let shades = Array(" .:-=+*#%@")

  /// The picture of one row of numbers.
  mutating func draw(_ values: [Float]) -> String {
    let levels = values.map { $0 > 0 && $0.isFinite ? Float(scale($0)) : nil }
    for case let level? in levels {
      low = min(low, level)
      high = max(high, level)
    }
    let cells = levels.map { cell($0.map(share) ?? 0) }
    return hasColour ? cells.joined() + "\u{1B}[0m" : "|" + cells.joined() + "|"
  }

  /// The layers' numbers above the cells, every fifth.
  func ruler(layers: Int) -> String {
    var text = hasColour ? "" : " "
    for layer in stride(from: 0, to: layers, by: 5) {
      let label = String(layer)
      let width = cellWidth * min(5, layers - layer)
      text += label.count <= width ? label.padded(to: width) : String(repeating: " ", count: width)
    }
    return text + (hasColour ? "" : " ")
  }

  private func scale(_ value: Float) -> Double { .logarithm(Double(value)) }

  private func share(_ level: Float) -> Float {
    high > low ? (level - low) / (high - low) : 0.5
  }

  private func cell(_ share: Float) -> String {
    let steps = hasColour ? Self.colours.count : Self.shades.count
    let index = min(max(Int(share * Float(steps)), 0), steps - 1)
    guard hasColour else { return String(repeating: Self.shades[index], count: cellWidth) }
    return "\u{1B}[48;5;\(Self.colours[index])m" + String(repeating: " ", count: cellWidth)
  }
}
