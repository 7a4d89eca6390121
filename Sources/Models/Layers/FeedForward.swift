internal import Hooks
internal import Tensors

/// The feed-forward part of a block.
enum FeedForward: Sendable {
  /// `down(act(gate x) * up x)` (Shazeer 2020).
  case gated(gate: Linear, up: Linear, down: Linear, ActivationFunction)
  /// `down(act(up x))` (GPT-2).
  case plain(up: Linear, down: Linear, ActivationFunction)
  case mixture(MixtureOfExperts)

  func forward(_ normed: FloatRows, into out: FloatRows, layer: Int, _ pass: Pass) {
    switch self {
    case .gated(let gate, let up, let down, let activation):
      let width = gate.weight.rows
      let g = pass.work.gate.rows(pass.rows, width: width)
      let u = pass.work.up.rows(pass.rows, width: width)
      pass.plan(gate, normed, into: g)
      pass.plan(up, normed, into: u)
      pass.run()
      pass.hooks.visit(.mlpPre, layer: layer, g)
      pass.hooks.visit(.mlpPreLinear, layer: layer, u)
      pass.arithmetic.product(activation, gate: g, up: u, into: g)
      pass.hooks.visit(.mlpPost, layer: layer, g)
      pass.plan(down, g, into: out)
      pass.run()
    case .plain(let up, let down, let activation):
      let u = pass.work.gate.rows(pass.rows, width: up.weight.rows)
      pass.plan(up, normed, into: u)
      pass.run()
      pass.hooks.visit(.mlpPre, layer: layer, u)
      pass.arithmetic.apply(activation, u, into: u)
      pass.hooks.visit(.mlpPost, layer: layer, u)
      pass.plan(down, u, into: out)
      pass.run()
    case .mixture(let mixture):
      mixture.forward(normed, into: out, layer: layer, pass)
    }
  }
}
