package import Engine
internal import Hooks
internal import JSON
internal import Tokenizers

/// Reads the analyses that a run streams.
package struct AnalysisReader: Sendable {
  /// Most tokens that a lens names at each place.
  private static let topLimit = 50

  let model: LoadedModel

  package init(_ model: LoadedModel) {
    self.model = model
  }

  /// Reads a list in which each analysis stands once.
  package func analyses(_ list: [Fields]) throws(Refusal) -> [LiveAnalysis] {
    var result: [LiveAnalysis] = []
    for fields in list {
      let analysis = try analysis(fields)
      guard !result.contains(where: { $0.name == analysis.name }) else {
        throw .repeatedAnalysis(name: analysis.name, field: fields.name("name"))
      }
      result.append(analysis)
    }
    return result
  }

  private func analysis(_ fields: Fields) throws(Refusal) -> LiveAnalysis {
    let name = try fields.choice("name", AnalysisList.live.map(\.name))
    // All are read, so that a wrong value is refused also where the analysis does not use it.
    let layers = try layers(fields)
    let positions = try positions(fields)
    let top = try fields.integer("top", in: 1...Self.topLimit) ?? 5
    let answer = try token(fields, "answer")
    let versus = try token(fields, "versus")
    let heads = try fields.bool("heads") ?? true
    switch name {
    case "logit_lens": return .logitLens(layers: layers, positions: positions, top: top)
    case "direct_logit_attribution":
      return .directLogitAttribution(answer: answer, versus: versus, heads: heads)
    case "head_scores": return .headScores(layers: layers)
    case "attention_entropy": return .attentionEntropy(layers: layers, positions: positions)
    default: throw .missing(field: fields.name("name"))
    }
  }

  /// The layers named, or all.
  func layers(_ fields: Fields) throws(Refusal) -> [Int] {
    let count = model.info.layers
    return try HookReader(model.catalogue).indices(fields, "layers", count: count, missing: "")
      ?? Array(0..<count)
  }

  private func positions(_ fields: Fields) throws(Refusal) -> Selection.Positions {
    guard fields["positions"] != nil else { return .last }
    return try HookReader(model.catalogue).positions(fields)
  }

  /// A token by its id, or by a text that is one token.
  func token(_ fields: Fields, _ member: String) throws(Refusal) -> Token? {
    guard let value = fields[member] else { return nil }
    return try token(value, field: fields.name(member))
  }

  func token(_ value: JSONValue, field: String) throws(Refusal) -> Token {
    guard let text = value.string else {
      guard let id = value.integer else {
        throw .wrongType(field: field, expected: "a token id or a text", found: value.kind)
      }
      guard id >= 0, id < model.info.vocabularySize else {
        throw .outOfRange(
          field: field, found: value.kind, allowed: "from 0 to \(model.info.vocabularySize - 1)")
      }
      return Token(id)
    }
    let tokens = model.tokenizer.encode(text, parseSpecial: true, addSpecial: false)
    guard let token = tokens.first, tokens.count == 1 else {
      throw .notOneToken(field: field, text: String(text.prefix(80)), count: tokens.count)
    }
    return token
  }
}
