internal import Foundation
internal import Tensors

/// Cosines and sines of rotary position embedding (Su and others, 2021), `[sets * positions, rotaryDimension / 2]`.
///
/// Angles are products of float32 position and float32 frequency, as the field's libraries compute them. Where a run's
/// length decides between two sets of frequencies, the second lies behind the first: ``KeyValueCache/rotaryShift``
/// added to a position leads there.
package final class RotaryTable: Sendable {
  package let rotaryDimension: Int
  private let cosines: FloatSlab
  private let sines: FloatSlab

  /// - Parameters:
  ///   - sets: radians a position, one for each rotated pair; all sets of one length.
  ///   - factor: multiplies cosines and sines (YaRN's attention factor).
  package init(sets: [[Float]], factor: Float, positions: Int) {
    let pairs = sets.first?.count ?? 0
    rotaryDimension = pairs * 2
    cosines = FloatSlab(count: sets.count * positions * pairs)
    sines = FloatSlab(count: sets.count * positions * pairs)
    for (set, frequencies) in sets.enumerated() {
      for position in 0..<positions {
        for (pair, frequency) in frequencies.enumerated() {
          let angle = Double(Float(position) * frequency)
          let place = (set * positions + position) * pairs + pair
          cosines.base[place] = Float(cos(angle)) * factor
          sines.base[place] = Float(sin(angle)) * factor
        }
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
