internal import Hooks
internal import Tensors

/// The function of a gated feed-forward part.
enum GateFunction: Sendable {
  case silu
  /// GELU by its tanh approximation (Hendrycks and Gimpel 2016), as GPT-2 and Gemma use it.
  case geluTanh
}

/// The feed-forward part of a block.
enum FeedForward: Sendable {
  /// `down(act(gate x) * up x)` (Shazeer 2020).
  case gated(gate: Linear, up: Linear, down: Linear, GateFunction)
  /// `down(gelu(up x))` (GPT-2).
  case plain(up: Linear, down: Linear)
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
      switch activation {
      case .silu: pass.arithmetic.siluProduct(gate: g, up: u, into: g)
      case .geluTanh: pass.arithmetic.geluTanhProduct(gate: g, up: u, into: g)
      }
      pass.hooks.visit(.mlpPost, layer: layer, g)
      pass.plan(down, g, into: out)
      pass.run()
    case .plain(let up, let down):
      let u = pass.work.gate.rows(pass.rows, width: up.weight.rows)
      pass.plan(up, normed, into: u)
      pass.run()
      pass.hooks.visit(.mlpPre, layer: layer, u)
      pass.arithmetic.geluTanh(u, into: u)
      pass.hooks.visit(.mlpPost, layer: layer, u)
      pass.plan(down, u, into: out)
      pass.run()
    case .mixture(let mixture):
      mixture.forward(normed, into: out, layer: layer, pass)
    }
  }
}
