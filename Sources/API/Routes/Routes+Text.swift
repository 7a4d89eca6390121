internal import HTTP
internal import Engine
internal import JSON
internal import Tokenizers

extension Routes {
  /// `POST /v1/tokenize`.
  func tokenize(_ request: Request) throws(Refusal) -> Reply {
    let fields = try Fields(body: request.body)
    let model = try service.models.model(fields)
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
  func detokenize(_ request: Request) throws(Refusal) -> Reply {
    let fields = try Fields(body: request.body)
    let model = try service.models.model(fields)
    let size = model.info.vocabularySize
    guard let tokens = try fields.integers("tokens", in: 0...max(size - 1, 0)) else {
      throw .missing(field: "tokens")
    }
    let text = model.tokenizer.decode(
      tokens.map { Token($0) }, skipSpecial: try fields.bool("skip_special") ?? false)
    return .json(JSONWriter.object { $0.member("text", text) })
  }

  /// `POST /v1/apply_template`.
  func applyTemplate(_ request: Request) throws(Refusal) -> Reply {
    let fields = try Fields(body: request.body)
    let model = try service.models.model(fields)
    let messages = try MessageReader.messages(fields)
    let options = try ChatOptions(fields, time: Int64(service.clock))
    let prompt = try service.tokens(of: messages, options: options, model: model)
    return .json(
      JSONWriter.object { writer in
        writer.member("prompt", prompt.text)
        writer.member("tokens", prompt.tokens)
      })
  }
}
