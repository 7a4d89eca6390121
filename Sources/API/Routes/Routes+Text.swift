internal import HTTP
internal import Engine
internal import JSON
internal import Tokenizers

extension Routes {
  /// `POST /v1/tokenize`.
  func tokenize(_ request: Request) async throws(Refusal) -> Reply {
    let fields = try await service.fields(of: request)
    let model = try service.models.model(fields)
    return try await service.turn(bytes: fields.byteCount) { () throws(Refusal) in
      try Self.tokenize(fields, model)
    }
  }

  private static func tokenize(_ fields: Fields, _ model: LoadedModel) throws(Refusal) -> Reply {
    guard let text = try fields.string("text") else { throw .textRequired }
    let parses = try fields.bool("parse_special") ?? true
    let adds = try fields.bool("add_special") ?? false
    let bare = try model.tokenizer.tokens(
      of: text, field: "text", isWhole: false, parseSpecial: parses)
    let tokens = adds ? model.tokenizer.around(bare) : bare
    let note = adds ? model.tokenizer.note(on: bare) : nil
    return .json(
      JSONWriter.object { writer in
        writer.member("tokens", tokens)
        writer.member("pieces", tokens.map { model.tokenizer.piece($0) })
        writer.member("count", tokens.count)
        if let note { writer.member("note", note) }
      })
  }

  /// `POST /v1/detokenize`.
  func detokenize(_ request: Request) async throws(Refusal) -> Reply {
    let fields = try await service.fields(of: request)
    let model = try service.models.model(fields)
    return try await service.turnIfLong(bytes: fields.byteCount) { () throws(Refusal) in
      try Self.detokenize(fields, model)
    }
  }

  private static func detokenize(_ fields: Fields, _ model: LoadedModel) throws(Refusal) -> Reply {
    let size = model.info.vocabularySize
    guard let tokens = try fields.integers("tokens", in: 0...max(size - 1, 0)) else {
      throw .missing(field: "tokens")
    }
    let text = model.tokenizer.decode(
      tokens.map { Token($0) }, skipSpecial: try fields.bool("skip_special") ?? false)
    return .json(JSONWriter.object { $0.member("text", text) })
  }

  /// `POST /v1/apply_template`.
  func applyTemplate(_ request: Request) async throws(Refusal) -> Reply {
    let service = service
    let fields = try await service.fields(of: request)
    let model = try service.models.model(fields)
    return try await service.turn(bytes: fields.byteCount) { () throws(Refusal) in
      let messages = try MessageReader.messages(fields)
      let options = try ChatOptions(fields, time: Int64(service.clock))
      let prompt = try service.tokens(
        of: messages, options: options, model: model, isPrompt: false)
      return .json(
        JSONWriter.object { writer in
          writer.member("prompt", prompt.text)
          writer.member("tokens", prompt.tokens)
        })
    }
  }
}
