internal import ArgumentParser
internal import Engine

/// How tokens are drawn, and how many.
struct SamplingFlags: ParsableArguments {
  @Option(help: "Tokens to generate at most.")
  var maxTokens = 100
  @Option(help: "0 always takes the likeliest token; higher is more varied.")
  var temperature: Float = 0.7
  @Option(help: "Draws from the likeliest tokens that together have this probability.")
  var topP: Float = 0.9
  @Option(help: "Equal seed, equal text. Default: another one each time.")
  var seed: UInt64?

  func validate() throws {
    guard maxTokens > 0 else { throw ValidationError("--max-tokens must be at least 1") }
    guard temperature >= 0, temperature.isFinite else {
      throw ValidationError("--temperature must be 0 or more")
    }
    guard topP > 0, topP <= 1 else { throw ValidationError("--top-p must be above 0, at most 1") }
  }

  /// For one generation: without `--seed` each has another one.
  var options: SamplingOptions {
    SamplingOptions(
      temperature: temperature, topP: topP, seed: seed ?? UInt64.random(in: 0...UInt64.max))
  }

  /// Tokens that may follow a prompt; where the context has no room the engine is asked all the same, to say so.
  func tokens(behind prompt: Int, of model: LoadedModel) -> Int {
    let room = model.info.contextLength + 1 - prompt
    return room > 0 ? min(maxTokens, room) : maxTokens
  }
}
