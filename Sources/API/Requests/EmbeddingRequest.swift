internal import Engine
internal import Hooks
internal import Interpretability
internal import JSON
internal import Tokenizers
internal import Wire

/// A body of `/v1/embeddings`: texts, and what of their residual stream stands for each.
struct EmbeddingRequest: Sendable {
  /// Which positions make the vector.
  enum Pooling: String, CaseIterable, Sendable { case mean, last }

  let model: LoadedModel
  let inputs: [CompletionPrompt]
  let point: HookPoint
  let pooling: Pooling
  let isNormalised: Bool
  let isBase64: Bool

  init(_ fields: Fields, models: ModelTable) throws(Refusal) {
    model = try models.runnable(fields)
    inputs = try CompletionPrompt.prompts(fields, of: model, member: "input")
    let layers = model.catalogue.layers
    if let layer = try fields.integer("layer", in: 0...max(layers - 1, 0)) {
      point = HookPoint(.residualPost, layer: layer)
    } else {
      point = HookPoint(.finalNorm, layer: -1)
    }
    pooling =
      try fields.choice("pooling", Pooling.allCases.map(\.rawValue))
      .flatMap { Pooling(rawValue: $0) } ?? .mean
    isNormalised = try fields.bool("normalize") ?? true
    isBase64 = try fields.choice("encoding_format", ["float", "base64"]) == "base64"
    let width = model.info.hiddenSize
    if let asked = try fields.integer("dimensions"), asked != width {
      throw .outOfRange(
        field: "dimensions", found: "\(asked)",
        allowed: "\(width), the width of \(model.info.id): its vectors are not cut")
    }
    for (index, input) in inputs.enumerated() where input.tokens.isEmpty {
      throw .outOfRange(field: "input[\(index)]", found: "no token", allowed: "at least one token")
    }
  }

  /// The vector of one input.
  func vector(of input: CompletionPrompt, on engine: Engine) async throws(Refusal) -> [Float] {
    let pass: CapturedPass
    do {
      pass = try await PromptPass.run(
        input.tokens, on: engine, model, capturing: [point],
        positions: pooling == .last ? .last : .all)
    } catch {
      throw .engine(error)
    }
    let values = pass.tensor(point).values
    let width = model.info.hiddenSize
    let count = values.count / max(width, 1)
    guard count > 0 else { throw .engine(.cancelled) }
    var sums = [Double](repeating: 0, count: width)
    for (place, value) in values.enumerated() { sums[place % width] += Double(value) }
    let norm =
      isNormalised ? sums.reduce(0) { $0 + $1 * $1 }.squareRoot() : Double(count)
    return sums.map { Float(norm > 0 ? $0 / norm : 0) }
  }

  /// The answer in OpenAI's shape, and what the vectors are.
  func json(_ vectors: [[Float]]) -> [UInt8] {
    let tokens = inputs.reduce(0) { $0 + $1.tokens.count }
    return JSONWriter.object { writer in
      writer.member("object", "list")
      writer.array("data") { writer in
        for (index, vector) in vectors.enumerated() {
          writer.object { writer in
            writer.member("object", "embedding")
            writer.member("index", index)
            writer.name("embedding")
            write(vector, &writer)
          }
        }
      }
      writer.member("model", model.info.id)
      writer.member("layer_name", point.name)
      writer.member("pooling", pooling.rawValue)
      writer.member("normalized", isNormalised)
      writer.object("usage") {
        $0.member("prompt_tokens", tokens)
        $0.member("total_tokens", tokens)
      }
    }
  }

  /// Decimal numbers, or their little-endian bytes.
  private func write(_ vector: [Float], _ writer: inout JSONWriter) {
    guard isBase64 else {
      return writer.array { writer in
        for value in vector { writer.number(value) }
      }
    }
    let bytes = vector.flatMap { value in
      let bits = value.bitPattern
      return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    }
    writer.plainString(Base64.encode(bytes))
  }
}
