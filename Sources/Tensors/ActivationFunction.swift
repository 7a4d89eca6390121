internal import CKernels

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
}
