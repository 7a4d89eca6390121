internal import Engine
internal import Hooks
internal import JSON
internal import Tokenizers

/// Reads members of a body as the parameters of a change or an analysis say.
struct ParameterReader {
  private let catalogue: HookCatalogue
  /// Whose tokens are meant; changes name none.
  private let model: LoadedModel?

  init(_ catalogue: HookCatalogue) {
    self.catalogue = catalogue
    model = nil
  }

  init(_ model: LoadedModel) {
    catalogue = model.catalogue
    self.model = model
  }

  /// Refuses a wrong value in every member that has a meaning, also where the kind that was named does not use it.
  func check(_ parameters: [Parameter], _ fields: Fields) throws(Refusal) {
    var seen: Set<String> = []
    for parameter in parameters where seen.insert(parameter.name).inserted {
      _ = try value(parameter, fields)
    }
  }

  /// A parameter's value; nil where it is not given.
  func value(_ parameter: Parameter, _ fields: Fields) throws(Refusal) -> ParameterValues.Value? {
    let name = parameter.name
    switch parameter.kind {
    case .number(let range): return try fields.float(name, in: range).map { .number($0) }
    case .integer(let range): return try fields.integer(name, in: range).map { .integer($0) }
    case .seed: return try fields.integer(name).map { .integer($0) }
    case .flag: return try fields.bool(name).map { .flag($0) }
    case .choice(let names):
      return try fields.choice(name, names).map { .choice($0) }
    case .vector: return try fields.floats(name).map { .vector($0) }
    case .experts: return try fields.integers(name).map { .indices($0) }
    case .layers:
      return try HookReader(catalogue)
        .indices(fields, name, count: catalogue.layers, missing: "").map { .indices($0) }
    case .positions:
      guard fields[name] != nil else { return nil }
      return .positions(try HookReader(catalogue).positions(fields))
    case .token:
      guard let model else { return nil }
      return try AnalysisReader(model).token(fields, name).map { .token($0) }
    case .rows:
      try checkRows(fields, name)
      return nil
    }
  }

  /// Rows come from elsewhere; here only their members are looked at.
  private func checkRows(_ fields: Fields, _ member: String) throws(Refusal) {
    let source = try fields.object(member)
    for name in ["run_id", "hook_id", "rows"] { _ = try source?.string(name) }
    _ = try source?.integer("first_position", in: 0...Int(Int32.max))
  }
}
