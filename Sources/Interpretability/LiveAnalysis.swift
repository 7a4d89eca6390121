package import Engine
package import Hooks
package import Tokenizers

/// An analysis of a run's own passes, made as the run streams from rows that those passes captured.
///
/// One file in `Analyses/` and one line in `Analyses.swift`; requests, listings and estimates follow. Its result is one
/// event of the pass, before the event of the pass's token.
package protocol LiveAnalysis: Sendable {
  /// The name in requests and events.
  static var name: String { get }
  static var summary: String { get }
  /// Who described it.
  static var source: String { get }
  static var parameters: [Parameter] { get }
  /// Takes what a request gives.
  init(_ values: ParameterValues, _ catalogue: HookCatalogue)
  /// What it must see of a run's passes.
  func captures(_ catalogue: HookCatalogue, promptTokens: Int) -> [CaptureSpec]
  /// Numbers of the result of the prompt's pass and of each later one, at most; a text counts as some.
  func resultNumbers(
    _ catalogue: HookCatalogue, promptTokens: Int
  ) -> (prompt: Double, later: Double)
  /// What it keeps between the passes of one run; nil where it looks at each pass alone.
  func memory(_ catalogue: HookCatalogue) -> (any AnalysisMemory)?
  /// Bytes of that memory at most, besides what it captures.
  func keptBytes(_ catalogue: HookCatalogue, promptTokens: Int, maxTokens: Int) -> Double
  /// What it finds in a pass; nil where the pass holds nothing for it.
  func result(of captured: CapturedPass, _ pass: AnalysedPass) async -> Finding?
}

/// What an analysis keeps of one run: made with the run, and let go with it.
package protocol AnalysisMemory: AnyObject, Sendable {}

extension LiveAnalysis {
  package var name: String { Self.name }
  package func memory(_ catalogue: HookCatalogue) -> (any AnalysisMemory)? { nil }
  package func keptBytes(
    _ catalogue: HookCatalogue, promptTokens: Int, maxTokens: Int
  ) -> Double { 0 }

  /// What the analysis finds in a pass among what others captured; nil where the pass holds nothing for it.
  package func result(of pass: AnalysedPass) async -> Finding? {
    let specs = captures(pass.model.catalogue, promptTokens: pass.prompt.count)
    let captured = CapturedPass(pass.batch, of: specs)
    return captured.isEmpty ? nil : await result(of: captured, pass)
  }
}

extension Parameter {
  /// The layers that an analysis looks at.
  static let layers = Parameter("layers", .layers, "all", "The layers that are looked at.")
  static let positions = Parameter(
    "positions", .positions, "last", "As of hooks; the last one of each pass.")
}

extension ParameterValues {
  func layers(_ catalogue: HookCatalogue) -> [Int] {
    indices("layers") ?? Array(0..<catalogue.layers)
  }
}

extension Selection.Positions {
  /// Rows of a prompt's pass, at most.
  func rows(ofPrompt tokens: Int) -> Double { self == .last ? 1 : Double(tokens) }
}

/// One finished pass of a run, as its analyses see it.
package struct AnalysedPass: Sendable {
  package let batch: CaptureBatch
  /// The run's prompt, and the token that the pass chose.
  package let prompt: [Token]
  package let chosen: Token
  package let engine: Engine
  package let model: LoadedModel
  /// Counted from the first pass of the run.
  package var step: Int { batch.step }
  /// What the analysis that is asked keeps of the run.
  package var memory: (any AnalysisMemory)?

  package init(
    batch: CaptureBatch, prompt: [Token], chosen: Token, engine: Engine, model: LoadedModel
  ) {
    self.batch = batch
    self.prompt = prompt
    self.chosen = chosen
    self.engine = engine
    self.model = model
  }

  /// The token behind a position: generated ones are seen one pass at a time.
  func following(_ position: Int) -> Token {
    position + 1 < prompt.count ? prompt[position + 1] : chosen
  }

  /// A token as results name it.
  func named(_ token: Token) -> Finding {
    .members([
      ("token_id", .count(Int(token))), ("text", .text(model.tokenizer.piece(token))),
    ])
  }

  /// A token with its logarithm.
  func named(_ score: TokenScore) -> Finding {
    .members([
      ("token_id", .count(Int(score.token))),
      ("text", .text(model.tokenizer.piece(score.token))), ("logprob", .number(score.logprob)),
    ])
  }
}

/// What an analysis found, as a tree for whoever writes it down.
package indirect enum Finding: Sendable {
  case none
  case number(Float)
  case count(Int)
  case text(String)
  case list([Finding])
  case members([(name: String, value: Finding)])

  static func numbers(_ list: [Float]) -> Finding { .list(list.map { .number($0) }) }
  static func numbers(_ rows: [[Float]]) -> Finding { .list(rows.map { .numbers($0) }) }
  static func counts(_ list: [Int]) -> Finding { .list(list.map { .count($0) }) }
}
