package import Engine
internal import Hooks
package import Interpretability
internal import JSON
internal import Tokenizers

/// Reads the analyses that a run streams.
package struct AnalysisReader: Sendable {
  let model: LoadedModel

  package init(_ model: LoadedModel) {
    self.model = model
  }

  /// Reads a list in which each analysis stands once.
  package func analyses(_ list: [Fields]) throws(Refusal) -> [any LiveAnalysis] {
    var result: [any LiveAnalysis] = []
    for fields in list {
      let analysis = try analysis(fields)
      guard !result.contains(where: { $0.name == analysis.name }) else {
        throw .repeatedAnalysis(name: analysis.name, field: fields.name("name"))
      }
      result.append(analysis)
    }
    return result
  }

  private func analysis(_ fields: Fields) throws(Refusal) -> any LiveAnalysis {
    let name = try fields.choice("name", Analyses.live.map { $0.name })
    let reader = ParameterReader(model)
    // All are read, so that a wrong value is refused also where the analysis does not use it.
    try reader.check(Analyses.live.flatMap { $0.parameters }, fields)
    guard let kind = Analyses.live.first(where: { $0.name == name }) else {
      throw .missing(field: fields.name("name"))
    }
    var values = ParameterValues()
    for parameter in kind.parameters {
      values[parameter.name] = try reader.value(parameter, fields)
      guard values[parameter.name] != nil || parameter.preset != nil else {
        throw .missing(field: fields.name(parameter.name))
      }
    }
    return kind.init(values, model.catalogue)
  }

  /// The layers named, or all.
  func layers(_ fields: Fields) throws(Refusal) -> [Int] {
    let count = model.info.layers
    return try HookReader(model.catalogue).indices(fields, "layers", count: count, missing: "")
      ?? Array(0..<count)
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
    let tokens = try model.tokenizer.tokens(of: text, field: field, isWhole: false)
    guard let token = tokens.first, tokens.count == 1 else {
      throw .notOneToken(field: field, text: String(text.prefix(80)), count: tokens.count)
    }
    return token
  }
}
