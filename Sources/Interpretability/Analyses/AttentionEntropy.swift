internal import Foundation
package import Hooks

/// How spread out each head's attention is: the entropy of its pattern, in nats.
///
/// 0 is one position, the logarithm of the number of positions all of them alike. Where a sink takes part of a row
/// (gpt-oss), only what falls on positions counts.
package struct AttentionEntropy: Sendable {
  package let positions: [Int]
  /// `[layer][head][position]`, of the layers asked for.
  package let layers: [[[Float]]]

  /// What it must see of a pass.
  package static func captures(
    layers: [Int], _ positions: Selection.Positions
  ) -> [CaptureSpec] {
    layers.map { CaptureSpec(analysing: HookPoint(.attentionPattern, layer: $0), positions) }
  }

  /// Reads one pass.
  package init(_ pass: CapturedPass, layers: [Int]) {
    var positions: [Int] = []
    self.layers = layers.map { layer in
      let pattern = pass.tensor(HookPoint(.attentionPattern, layer: layer))
      positions = pattern.positions
      let heads = pattern.values.isEmpty ? 0 : pattern.dimensions[0]
      return (0..<heads).map { head in
        positions.indices.map { Self.entropy(pattern.row(head * positions.count + $0)) }
      }
    }
    self.positions = positions
  }

  private static func entropy(_ row: ArraySlice<Float>) -> Float {
    Float(row.reduce(0.0) { $1 > 0 ? $0 - Double($1) * log(Double($1)) : $0 })
  }
}

extension AttentionEntropy {
  /// The entropies of a run's own passes.
  package struct Live: LiveAnalysis {
    package static let name = "attention_entropy"
    package static let summary = "How spread out each head's attention is, in nats."
    package static let source = "Shannon 1948"
    package static let parameters: [Parameter] = [.layers, .positions]

    private let layers: [Int]
    private let positions: Selection.Positions

    package init(_ values: ParameterValues, _ catalogue: HookCatalogue) {
      layers = values.layers(catalogue)
      positions = values.positions("positions") ?? .last
    }

    package func captures(_ catalogue: HookCatalogue, promptTokens: Int) -> [CaptureSpec] {
      AttentionEntropy.captures(layers: layers, positions)
    }

    package func resultNumbers(
      _ catalogue: HookCatalogue, promptTokens: Int
    ) -> (prompt: Double, later: Double) {
      let row = Double(layers.count * catalogue.heads)
      return (positions.rows(ofPrompt: promptTokens) * row, row)
    }

    package func result(of captured: CapturedPass, _ pass: AnalysedPass) async -> Finding? {
      let entropy = AttentionEntropy(captured, layers: layers)
      return .members([
        ("positions", .counts(entropy.positions)), ("layers", .counts(layers)),
        ("entropy", .list(entropy.layers.map { .numbers($0) })),
      ])
    }
  }
}
