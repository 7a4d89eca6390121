internal import Checkpoints
internal import Foundation

/// Radians a position for each rotated pair, and what cosines and sines are multiplied by.
///
/// Computed in the order of float32 operations of the published implementations, so that angles far into a context
/// agree with theirs.
struct RotaryFrequencies {
  let values: [Float]
  /// Those of runs beyond LongRoPE's original context; nil where there is one set for all.
  private(set) var longValues: [Float]?
  let factor: Float

  /// - Parameter factors: the tensor that `frequencyFactors` names, `[rotaryDimension / 2]`.
  init(_ rope: RopeConfiguration, factors: [Float]) {
    let base = (0..<rope.rotaryDimension / 2).map { pair in
      pow(Float(rope.theta), Float(2 * pair) / Float(rope.rotaryDimension))
    }
    switch rope.scaling {
    case .none, .dynamic:
      values = base.map { 1 / $0 }
      factor = 1
    case .linear(let divisor):
      values = base.map { 1 / $0 / Float(divisor) }
      factor = 1
    case .frequencyFactors:
      values = zip(base, factors).map { 1 / $0 / $1 }
      factor = 1
    case .llama3(let divisor, let low, let high, let original):
      values = base.map {
        Self.llama3(
          1 / $0, divisor: Float(divisor), low: Float(low), high: Float(high),
          original: Float(original))
      }
      factor = 1
    case .yarn(let yarn):
      values = Self.yarn(base, rope, yarn)
      factor = Float(yarn.attentionFactor)
    case .longrope(let long):
      values = zip(base, long.shortFactors).map { 1 / ($0 * $1) }
      longValues = zip(base, long.longFactors).map { 1 / ($0 * $1) }
      factor = Float(long.attentionFactor)
    }
  }

  /// Llama 3.1: long wavelengths are stretched, short ones kept, those between blended.
  private static func llama3(
    _ frequency: Float, divisor: Float, low: Float, high: Float, original: Float
  ) -> Float {
    let wavelength = 2 * Float.pi / frequency
    if wavelength > original / low { return frequency / divisor }
    if wavelength < original / high { return frequency }
    let smooth = (original / wavelength - low) / (high - low)
    return (1 - smooth) * frequency / divisor + smooth * frequency
  }

  /// YaRN (Peng and others, 2023): interpolated where a pair turns less than `betaSlow` times in the original context,
  /// kept where it turns more than `betaFast` times, a ramp between.
  private static func yarn(
    _ base: [Float], _ rope: RopeConfiguration, _ yarn: RopeConfiguration.YaRN
  ) -> [Float] {
    let dimension = Double(rope.rotaryDimension)
    func pair(turns: Double) -> Double {
      dimension * log(Double(yarn.originalContext) / (turns * 2 * Double.pi))
        / (2 * log(rope.theta))
    }
    var low = pair(turns: yarn.betaFast)
    var high = pair(turns: yarn.betaSlow)
    if yarn.truncate {
      low = low.rounded(.down)
      high = high.rounded(.up)
    }
    low = max(low, 0)
    high = min(high, dimension - 1)
    if low == high { high += 0.001 }
    return base.enumerated().map { index, power in
      let ramp = min(max((Float(index) - Float(low)) / Float(high - low), 0), 1)
      let kept = 1 - ramp
      return 1 / (Float(yarn.factor) * power) * (1 - kept) + 1 / power * kept
    }
  }
}
