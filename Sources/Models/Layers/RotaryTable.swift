internal import Foundation
internal import Tensors

/// Cosines and sines of rotary position embedding (Su and others, 2021), `[positions, rotaryDimension / 2]`.
///
/// Angles are products of float32 position and float32 frequency, as the field's libraries compute them.
package final class RotaryTable: Sendable {
  package let rotaryDimension: Int
  private let cosines: FloatSlab
  private let sines: FloatSlab

  /// - Parameters:
  ///   - frequencies: radians a position, one for each rotated pair.
  ///   - factor: multiplies cosines and sines (YaRN's attention factor).
  package init(frequencies: [Float], factor: Float, positions: Int) {
    rotaryDimension = frequencies.count * 2
    cosines = FloatSlab(count: positions * frequencies.count)
    sines = FloatSlab(count: positions * frequencies.count)
    for position in 0..<positions {
      for (pair, frequency) in frequencies.enumerated() {
        let angle = Double(Float(position) * frequency)
        let place = position * frequencies.count + pair
        cosines.base[place] = Float(cos(angle)) * factor
        sines.base[place] = Float(sin(angle)) * factor
      }
    }
  }

  /// Rotates the heads of each row by its position.
  func rotate(
    _ x: FloatRows, heads: Int, headDimension: Int, positions: UnsafePointer<Int32>,
    _ arithmetic: Arithmetic
  ) {
    arithmetic.rotate(
      x, heads: heads, headDim: headDimension, rotaryDim: rotaryDimension,
      cosines: UnsafePointer(cosines.base), sines: UnsafePointer(sines.base),
      positions: positions)
  }
}
