internal import Engine
internal import Tokenizers
internal import Runs

/// One answer that is to be made: the run that makes it, and the prompt where it is repeated.
struct CompletionJob: Sendable {
  let index: Int
  /// Asks for no token where the prompt is all that is wanted.
  let order: RunOrder
  var prompt: CompletionPrompt?
  /// What is wanted of the prompt's tokens; nil where they are not scored.
  var scoring: PromptScoring?
  /// What ends the answer, where the engine does not look for it.
  var stops: [String] = []

  var isEmpty: Bool { order.sampling.maxTokens == 0 }

  /// Refuses what could not run, before anything of the answer is sent.
  func check(_ engine: Engine) throws(Refusal) {
    var request = order.generation
    request.promptScoring = scoring ?? (isEmpty ? PromptScoring() : nil)
    do { try engine.check(request) } catch { throw .engine(error) }
  }

  /// The repeated prompt, with how likely its tokens are.
  func echo(_ engine: Engine) async throws(Refusal) -> CompletionDialect.Echo? {
    guard let prompt else { return nil }
    guard let scoring else { return CompletionDialect.Echo(text: prompt.text, logprobs: []) }
    let scores: [PromptScore]
    do {
      scores = try await engine.promptScores(of: prompt.tokens, order.model, scoring)
    } catch {
      throw .engine(error)
    }
    var logprobs = prompt.tokens.prefix(1).map {
      CompletionDialect.TokenLogprob(token: $0, logprob: nil, top: [], offset: 0)
    }
    for score in scores {
      logprobs.append(
        CompletionDialect.TokenLogprob(
          token: score.score.token, logprob: score.score.decimal,
          top: score.top.map { (id: $0.token, logprob: $0.decimal) },
          offset: prompt.offsets[score.position]))
    }
    return CompletionDialect.Echo(text: prompt.text, logprobs: logprobs)
  }

  /// The answer without a token.
  func empty(_ echo: CompletionDialect.Echo?) -> CompletionDialect.Choice {
    var choice = CompletionDialect.Choice()
    choice.echo = echo
    choice.promptTokens = order.tokens.count
    choice.finishReason = "length"
    return choice
  }
}

extension TokenScore {
  /// The double whose shortest decimal is the single's.
  var decimal: Double { Double(logprob.description) ?? Double(logprob) }
}
