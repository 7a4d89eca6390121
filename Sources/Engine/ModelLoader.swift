internal import Checkpoints
internal import Foundation
internal import Hooks
internal import Models
internal import Tensors
internal import Tokenizers

/// Turns a path into a model that can be run; touches nothing that is already loaded.
struct ModelLoader {
  let options: EngineOptions
  /// What the engine's arithmetic rounds.
  let roundings: Roundings
  let digests: DigestStore

  func load(
    path: String, adapter: String?, id: String?, contextLength: Int?
  ) throws(EngineError) -> LoadedModel {
    let checkpoint: Checkpoint
    do { checkpoint = try Checkpoint.open(path, adapter: adapter) } catch {
      throw .checkpoint(error)
    }
    let c = checkpoint.configuration
    guard let family = Families.family(of: c.architecture) else {
      throw .unknownFamily(c.architecture, supported: Families.architectures)
    }
    let context = min(c.contextLength, max(contextLength ?? options.contextLength, 1))
    let model: LanguageModel
    do {
      model = try family.build(
        checkpoint, BuildOptions(contextLength: context, cacheType: options.cacheType))
    } catch { throw .checkpoint(error) }
    let (tokenizer, chat) = try text(of: checkpoint)
    let loaded = LoadedModel(
      info: info(
        of: checkpoint, tokenizer, path: path, id: id, contextLength: context,
        precision: ModelPrecision(of: model, roundings)),
      tokenizer: tokenizer, chat: chat, catalogue: model.catalogue.within(context),
      model: model,
      digest: digests.digest(of: checkpoint.files), files: checkpoint.weightFiles)
    if let fault = loaded.fault { throw fault }
    return loaded
  }

  /// The tokenizer and the chat template alone.
  func loadVocabulary(path: String, id: String?) throws(EngineError) -> LoadedModel {
    let checkpoint: Checkpoint
    do { checkpoint = try Checkpoint.openVocabulary(path) } catch { throw .checkpoint(error) }
    let digest = ModelDigest()
    digest.end(
      .failure(
        CheckpointError(
          .unsupported, file: path, .file, expected: "a model with its weights",
          found: "one loaded with vocab_only")))
    let (tokenizer, chat) = try text(of: checkpoint)
    let c = checkpoint.configuration
    return LoadedModel(
      info: info(
        of: checkpoint, tokenizer, path: path, id: id, contextLength: c.contextLength,
        precision: .none),
      tokenizer: tokenizer, chat: chat, catalogue: .none(family: c.architecture), model: nil,
      digest: digest, files: checkpoint.weightFiles)
  }

  private func info(
    of checkpoint: Checkpoint, _ tokenizer: Tokenizer, path: String, id: String?,
    contextLength: Int, precision: ModelPrecision
  ) -> ModelInfo {
    let c = checkpoint.configuration
    let name = URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
    return ModelInfo(
      id: id ?? name, path: path, family: c.architecture, format: checkpoint.format.rawValue,
      layers: c.layers, hiddenSize: c.hiddenSize,
      vocabularySize: c.vocabularySize > 0 ? c.vocabularySize : tokenizer.vocabularySize,
      heads: c.heads, keyValueHeads: c.keyValueHeads, headDimension: c.headDimension,
      experts: c.experts, contextLength: contextLength, quantization: checkpoint.quantization,
      parameterCount: checkpoint.parameterCount, fileBytes: checkpoint.fileBytes,
      sampleHash: checkpoint.contentHash, tokenizerHash: tokenizer.hash,
      created: Int(Date().timeIntervalSince1970), precision: precision,
      isVocabularyOnly: checkpoint.isVocabularyOnly,
      endTokens: tokenizer.specialTokens.eos.sorted(),
      sampling: c.samplingDefaults.map(ModelSampling.init), remarks: ModelRemarks(checkpoint),
      adapter: (checkpoint.adapter?.facts).map(ModelAdapter.init))
  }

  private func text(
    of checkpoint: Checkpoint
  ) throws(EngineError) -> (Tokenizer, Result<ChatFormat, ChatFormatError>) {
    let tokenizer: Tokenizer
    do { tokenizer = try self.tokenizer(of: checkpoint) } catch { throw .tokenizer(error) }
    let chat = Result { () throws(ChatFormatError) in
      try ChatFormat.make(
        template: checkpoint.chatTemplate ?? tokenizer.chatTemplate,
        family: checkpoint.configuration.architecture, tokenizer: tokenizer)
    }
    return (tokenizer, chat)
  }

  private func tokenizer(of checkpoint: Checkpoint) throws(TokenizerError) -> Tokenizer {
    switch checkpoint.tokenizer {
    case .directory(let path):
      return try Tokenizer.open(directory: URL(fileURLWithPath: path))
    case .gguf(let fields):
      return try Tokenizer(gguf: GGUFTokenizerFields(fields, of: checkpoint))
    case .none:
      throw TokenizerError(
        file: checkpoint.path, field: "tokenizer",
        expected: "tokenizer.json, or tokenizer.ggml.* fields", found: "neither")
    }
  }
}

extension GGUFTokenizerFields {
  /// The same fields as the file's reader has them.
  init(_ file: GGUFTokenizer, of checkpoint: Checkpoint) {
    self.init(model: file.model, tokens: file.tokens)
    pre = file.pre
    scores = file.scores
    merges = file.merges
    tokenTypes = file.tokenTypes.map { Int32(clamping: $0) }
    bos = file.beginToken.map { Token(clamping: $0) }
    eos = file.endToken.map { Token(clamping: $0) }
    eot = file.endOfTurnToken.map { Token(clamping: $0) }
    eom = file.endOfMessageToken.map { Token(clamping: $0) }
    unknown = file.unknownToken.map { Token(clamping: $0) }
    pad = file.paddingToken.map { Token(clamping: $0) }
    addBOS = file.addsBegin
    addEOS = file.addsEnd
    addSpacePrefix = file.addsSpacePrefix
    separator = file.separatorToken.map { Token(clamping: $0) }
    removeExtraWhitespaces = file.removesExtraBlanks
    precompiledCharsmap = file.charsmap
    lowercases = file.lowercases
    stripsAccents = file.stripsAccents
    name = file.modelName
    architecture = checkpoint.configuration.architecture
    chatTemplate = checkpoint.chatTemplate
  }
}
