package import Engine
internal import Hooks
internal import Tokenizers

/// A logit difference at the last position as a sum over what was added to the residual stream (Elhage and others 2021).
package struct DirectLogitAttribution: Sendable {
  package let embedding: Float
  /// `[layer]`: what attention and the feed-forward part added.
  package let attention: [Float]
  package let mlps: [Float]

  /// The sum of all parts: the logit difference itself, within rounding.
  package var total: Float { embedding + attention.reduce(0, +) + mlps.reduce(0, +) }

  package static func run(
    _ prompt: ContrastPrompt, on engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> DirectLogitAttribution {
    let layers = model.info.layers
    let attention = (0..<layers).map { HookPoint(.attentionAdded, layer: $0) }
    let mlps = (0..<layers).map { HookPoint(.mlpAdded, layer: $0) }
    let stream = HookPoint(.residualPost, layer: layers - 1)
    let parts = [HookPoint(.embedding)] + attention + mlps
    let pass = try await PromptPass.run(
      prompt.tokens, on: engine, model, capturing: parts + [stream], positions: .last)
    let shares = await engine.attribute(
      model, parts: parts.flatMap { pass.tensor($0).values }, stream: pass.tensor(stream).values,
      answer: prompt.answer, against: prompt.wrong)
    return DirectLogitAttribution(
      embedding: shares[0], attention: Array(shares[1...layers]),
      mlps: Array(shares[(layers + 1)...]))
  }
}
