internal import Foundation

/// Adds Gaussian noise; equal seed, position and layer give equal noise.
package struct Noise: Change {
  package static let name = "noise"
  package static let aliases = ["noise_injection"]
  package static let summary = "Gaussian noise is added; equal seeds give equal noise."
  package static let parameters = [
    Parameter("strength", .number(0...1e6), "1", "Its standard deviation, where std is not given."),
    Parameter("std", .number(0...1e6), "strength", "Its standard deviation."),
    Parameter("seed", .seed, "0", "What it is drawn from."),
  ]

  package let standardDeviation: Float
  package let seed: UInt64

  package init(_ values: ParameterValues) {
    self.init(
      standardDeviation: values.number("std") ?? values.number("strength") ?? 1,
      seed: UInt64(bitPattern: Int64(values.integer("seed") ?? 0)))
  }
  package init(standardDeviation: Float, seed: UInt64) {
    self.standardDeviation = standardDeviation
    self.seed = seed
  }

  package var given: [(name: String, value: ParameterValues.Value)] {
    [("std", .number(standardDeviation)), ("seed", .integer(Int(bitPattern: UInt(seed))))]
  }

  package func apply(to row: ChangedRow) {
    row.update { column, value in
      value + standardDeviation * gaussian(at: row.point, place: row.place, column: column)
    }
  }

  /// A standard normal number that depends on nothing but its arguments (Box and Muller).
  private func gaussian(at point: HookPoint, place: Int, column: Int) -> Float {
    // Up to the 64th site as recordings have it; beyond, the number goes where no layer's does.
    let number = point.site.rawValue
    var state =
      seed ^ UInt64(truncatingIfNeeded: place) &* 0x9E37_79B9_7F4A_7C15
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

extension Change where Self == Noise {
  package static func noise(standardDeviation: Float, seed: UInt64) -> Noise {
    Noise(standardDeviation: standardDeviation, seed: seed)
  }
}
