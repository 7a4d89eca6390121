internal import Foundation
internal import Tensors

extension Intervention {
  /// Changes rows `[rows, width]` of the run, row r being `firstPosition + r`.
  ///
  /// - Parameter headSize: numbers of one head, or of the whole row where the point has no heads.
  ///
  /// Indices were checked against the catalogue when the intervention was made (``check(_:)``).
  func change(
    _ rows: FloatRows, headSize: Int, firstPosition: Int, lastPosition: Int
  ) {
    for row in 0..<rows.rows {
      let position = firstPosition + row
      guard positions.contains(position, isLast: position == lastPosition) else { continue }
      let values = rows.row(row)
      if let heads {
        for head in heads { change(values, head * headSize, headSize, position) }
      } else {
        for offset in stride(from: 0, to: rows.width, by: headSize) {
          change(values, offset, headSize, position)
        }
      }
    }
  }

  /// Changes one head of a row (or all of it, where the point has no heads), `size` numbers from `offset` on.
  private func change(
    _ values: UnsafeMutableBufferPointer<Float>, _ offset: Int, _ size: Int, _ position: Int
  ) {
    if let neurons {
      for neuron in neurons { change(values, offset + neuron, position) }
    } else {
      for column in offset..<offset + size { change(values, column, position) }
    }
  }

  /// Changes the scores or the pattern of one head and query over the keys it can see.
  func change(
    scores keys: UnsafeMutableBufferPointer<Float>, head: Int, position: Int, lastPosition: Int
  ) {
    guard positions.contains(position, isLast: position == lastPosition),
      heads?.contains(head) ?? true
    else { return }
    let place = position &* 65_537 &+ head
    // A key outside a sliding window was never scored; it stays so.
    if let neurons {
      for key in neurons where key < keys.count && keys[key] > -.infinity {
        change(keys, key, place)
      }
    } else {
      for key in keys.indices where keys[key] > -.infinity { change(keys, key, place) }
    }
  }

  private func change(
    _ values: UnsafeMutableBufferPointer<Float>, _ column: Int, _ position: Int
  ) {
    switch change {
    case .zero: values[column] = 0
    case .mean(let vector): values[column] = vector[column]
    case .scale(let factor): values[column] *= factor
    case .add(let vector, let strength): values[column] += strength * vector[column]
    case .clamp(let low, let high): values[column] = min(max(values[column], low), high)
    case .noise(let deviation, let seed):
      values[column] += deviation * gaussian(seed: seed, position: position, column: column)
    case .patch(let rows, let width, let firstPosition):
      let row = position - firstPosition
      guard row >= 0, row < rows.count / max(width, 1) else { return }
      values[column] = rows[row * width + column]
    case .forceExperts, .banExperts: break
    }
  }

  /// A standard normal number that depends on nothing but its arguments and the point (Box and Muller).
  private func gaussian(seed: UInt64, position: Int, column: Int) -> Float {
    // Up to the 64th site as recordings have it; beyond, the number goes where no layer's does.
    let number = point.site.rawValue
    var state =
      seed ^ UInt64(truncatingIfNeeded: position) &* 0x9E37_79B9_7F4A_7C15
      ^ UInt64(truncatingIfNeeded: column) &* 0xC2B2_AE3D_27D4_EB4F
      ^ UInt64(truncatingIfNeeded: point.layer &* 64 &+ number % 64 &+ number / 64 << 40)
      &* 0xD6E8_FEB8_6659_FD93
    func next() -> Double {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      mixed ^= mixed >> 31
      return (Double(mixed >> 11) + 0.5) / Double(1 << 53)
    }
    let radius = (-2 * log(next())).squareRoot()
    return Float(radius * cos(2 * .pi * next()))
  }
}
