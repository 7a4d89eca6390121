internal import Foundation
package import Hooks

/// How unsure the model is of the next token: the entropy of its distribution, in nats.
///
/// 0 is one token for certain, the logarithm of the vocabulary's size all alike. Of the model's own distribution, before
/// temperature and whatever else sampling does.
package struct TokenEntropy: LiveAnalysis {
  package static let name = "token_entropy"
  package static let summary =
    "How unsure the model is of the token behind each of `positions`: `entropy[position]` of its "
    + "distribution, in nats."
  package static let source = "Shannon 1948"
  package static let parameters: [Parameter] = [.positions]

  private let positions: Selection.Positions

  package init(_ values: ParameterValues, _ catalogue: HookCatalogue) {
    positions = values.positions("positions") ?? .last
  }

  package func captures(_ catalogue: HookCatalogue, promptTokens: Int) -> [CaptureSpec] {
    [CaptureSpec(analysing: HookPoint(.logits), positions)]
  }

  package func resultNumbers(
    _ catalogue: HookCatalogue, promptTokens: Int
  ) -> (prompt: Double, later: Double) {
    (2 * positions.rows(ofPrompt: promptTokens), 2)
  }

  package func result(of captured: CapturedPass, _ pass: AnalysedPass) async -> Finding? {
    let logits = captured.tensor(HookPoint(.logits))
    return .members([
      ("positions", .counts(logits.positions)),
      ("entropy", .numbers(logits.positions.indices.map { Self.entropy(of: logits.row($0)) })),
    ])
  }

  /// `log Σ exp(x) - Σ p x`, in double precision, with the largest logit taken off.
  package static func entropy(of logits: some Collection<Float>) -> Float {
    let top = Double(logits.max() ?? 0)
    var sum = 0.0
    var mean = 0.0
    for logit in logits where logit > -.infinity {
      let weight = exp(Double(logit) - top)
      sum += weight
      mean += weight * (Double(logit) - top)
    }
    return Float(log(sum) - mean / sum)
  }
}
