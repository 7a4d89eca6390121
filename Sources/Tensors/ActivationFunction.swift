internal import CKernels
internal import Foundation

/// The function between the matrices of a feed-forward part.
package enum ActivationFunction: String, Sendable, Equatable {
  /// `x * sigmoid(x)`.
  case silu
  /// `x/2 * (1 + erf(x / √2))` (Hendrycks and Gimpel 2016).
  case gelu
  /// GELU by its tanh approximation, as GPT-2 and Gemma use it.
  case geluTanh
  /// GELU by `x * sigmoid(1.702 x)`.
  case quickGelu
  /// `max(x, 0)`.
  case relu

  var code: ns_activation {
    switch self {
    case .silu: NS_SILU
    case .gelu: NS_GELU
    case .geluTanh: NS_GELU_TANH
    case .quickGelu: NS_QUICK_GELU
    case .relu: NS_RELU
    }
  }

  /// Its slope.
  package func slope(at x: Double) -> Double {
    func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    func swish(_ factor: Double) -> Double {
      let share = sigmoid(factor * x)
      return share + factor * x * share * (1 - share)
    }
    switch self {
    case .silu: return swish(1)
    case .quickGelu: return swish(1.702)
    case .relu: return x > 0 ? 1 : 0
    case .gelu:
      let density = exp(-x * x / 2) / (2 * Double.pi).squareRoot()
      return (1 + erf(x / 2.0.squareRoot())) / 2 + x * density
    case .geluTanh:
      let factor = (2 / Double.pi).squareRoot()
      let bent = tanh(factor * (x + 0.044715 * x * x * x))
      return (1 + bent) / 2
        + x / 2 * (1 - bent * bent) * factor * (1 + 3 * 0.044715 * x * x)
    }
  }
}
