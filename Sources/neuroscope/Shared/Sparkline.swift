/// Numbers as a row of bars, one character each.
enum Sparkline {
  private static let bars = Array("▁▂▃▄▅▆▇█")

  /// Bars between the smallest and the largest number; more numbers than columns are thinned out evenly.
  static func draw(_ values: [Float], columns: Int) -> String {
    let finite = values.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max(), columns > 0 else { return "" }
    let shown =
      finite.count <= columns
      ? finite : (0..<columns).map { finite[$0 * finite.count / columns] }
    return String(
      shown.map { value in
        let share = high > low ? (value - low) / (high - low) : 0
        return bars[min(Int(share * Float(bars.count)), bars.count - 1)]
      })
  }
}
