internal import HTTP
internal import Engine
internal import Foundation
internal import HTTPTypes
internal import JSON
internal import Hooks
internal import Tokenizers
internal import Runs

extension Routes {
  /// `GET /v1/models`.
  func listModels(_ request: Request) -> Reply {
    let entries = service.engine.models.map { entry($0) }
    return .json(
      JSONWriter.object { writer in
        writer.member("object", "list")
        for name in ["models", "data"] {
          writer.array(name) { writer in
            for entry in entries { writer.verbatim(entry) }
          }
        }
      })
  }

  private func entry(_ model: LoadedModel) -> [UInt8] {
    JSONWriter.object { writer in
      let info = model.info
      writer.member("id", info.id)
      writer.member("object", "model")
      writer.member("created", info.created)
      writer.member("owned_by", "mlx-engine")
      writer.member("model_id", info.id)
      writer.member("status", "loaded")
      writer.member("supports_activations", !info.isVocabularyOnly)
      writer.member("is_current", service.engine.current === model)
      writer.member("model_type", info.family)
    }
  }

  /// The facts of a loaded model.
  ///
  /// - Parameter notes: what this call has to say besides.
  private func facts(
    _ model: LoadedModel, _ writer: inout JSONWriter, notes: [String] = []
  ) {
    let info = model.info
    writer.member("model_id", info.id)
    writer.member("status", "loaded")
    writer.member("supports_activations", !info.isVocabularyOnly)
    writer.member("vocab_only", info.isVocabularyOnly)
    writer.member("model_type", info.family)
    writer.member("num_layers", info.layers)
    writer.member("hidden_size", info.hiddenSize)
    writer.member("vocab_size", info.vocabularySize)
    writer.member("quantization", info.quantization)
    writer.member("num_heads", info.heads)
    writer.member("num_key_value_heads", info.keyValueHeads)
    writer.member("head_dim", info.headDimension)
    writer.member("num_experts", info.experts)
    writer.member("context_length", info.contextLength)
    writer.member("parameters", info.parameterCount)
    writer.member("file_bytes", info.fileBytes)
    writer.member("format", info.format)
    writer.member("numerics", info.precision.numerics)
    writer.member("precision", info.precision.json)
    writer.member("model_hash", model.digest.known)
    writer.member("tokenizer_hash", info.tokenizerHash)
    writer.member("end_tokens", info.endTokens)
    write(info.adapter, &writer)
    write(info.sampling, &writer)
    write(info.remarks, and: notes, &writer)
    if case .failure(let error) = model.chat {
      writer.member("chat_format_problem", error.sentence)
    }
  }

  private func write(_ adapter: ModelAdapter?, _ writer: inout JSONWriter) {
    guard let adapter else { return writer.member("adapter", JSONValue.null) }
    writer.object("adapter") { writer in
      writer.member("path", adapter.path)
      writer.member("kind", "lora")
      writer.member("format", adapter.format)
      writer.member("file_bytes", adapter.fileBytes)
      writer.member("updates", adapter.updates)
      writer.member("ranks", [adapter.ranks.lowerBound, adapter.ranks.upperBound])
      writer.member("replacements", adapter.replacements)
    }
  }

  private func write(_ sampling: ModelSampling?, _ writer: inout JSONWriter) {
    guard let sampling else { return writer.member("model_sampling", JSONValue.null) }
    writer.object("model_sampling") { writer in
      writer.member("temperature", sampling.temperature)
      writer.member("top_k", sampling.topK)
      writer.member("top_p", sampling.topP)
      writer.member("min_p", sampling.minP)
      writer.member("repetition_penalty", sampling.repetitionPenalty)
      writer.member("not_applied", sampling.notApplied)
    }
  }

  private func write(
    _ remarks: ModelRemarks, and notes: [String], _ writer: inout JSONWriter
  ) {
    writer.member("unknown_fields", remarks.unknownFields)
    writer.array("tensors_aside") { writer in
      for group in remarks.tensorsAside {
        writer.object { writer in
          writer.member("name", group.name)
          writer.member("tensors", group.tensors)
        }
      }
    }
    writer.member("notes", remarks.notes + notes)
  }

  /// `GET /v1/models/{id}`.
  func describeModel(_ request: Request) throws(Refusal) -> Reply {
    let model = try service.models.model(request.parameters["id"])
    return .json(
      JSONWriter.object { writer in
        writer.member("id", model.info.id)
        writer.member("object", "model")
        writer.member("created", model.info.created)
        writer.member("owned_by", "mlx-engine")
        writer.member("is_current", service.engine.current === model)
        facts(model, &writer)
      })
  }

  /// What is asked of a model whose name has slashes that were sent plain.
  var ofSlashedNames: [Route] {
    [Route(.get, "/v1/models/{id...}", needs: .scope(.read), handler: answer(describeSlashed))]
  }

  private func describeSlashed(_ request: Request) async throws(Refusal) -> Reply {
    let name = (request.parameters["id"] ?? "").split(separator: "/").joined(separator: "/")
    var request = request
    guard service.engine.model(name) == nil,
      let suffix = ["/hook_points", "/heads"].first(where: { name.hasSuffix($0) })
    else {
      request.parameters.set("id", to: name)
      return try describeModel(request)
    }
    request.parameters.set("id", to: String(name.dropLast(suffix.count)))
    guard suffix == "/heads" else { return try hookPoints(request) }
    // The route is for those who may read; finding heads takes passes.
    try service.require(.run)
    return try await nameHeads(request)
  }

  /// `POST /v1/models/load`.
  func loadModel(_ request: Request) async throws(Refusal) -> Reply {
    let fields = try await service.fields(of: request)
    guard let path = try fields.string("model_path"), !path.isEmpty else {
      throw .modelPathRequired
    }
    let id = try fields.string("model_id")
    if let id { try checkModelID(id) }
    let context = try fields.integer("max_kv_size", in: 1...1 << 24) ?? 4096
    _ = try fields.bool("trust_remote_code")
    let isVocabulary = try fields.bool("vocab_only") ?? false
    let adapter = try fields.string("adapter_path")
    if isVocabulary, adapter != nil {
      throw .conflict(
        fields: ["adapter_path", "vocab_only"],
        reason: "an adapter changes weights, and vocab_only loads none; leave one of them out")
    }
    if adapter == "" {
      throw .outOfRange(
        field: "adapter_path", found: "an empty string",
        allowed: "the path of a PEFT folder or of a GGUF adapter, or no such field")
    }
    var unused: [String] = []
    for name in ["kv_bits", "kv_group_size", "quantized_kv_start"]
    where try fields.integer(name, in: 0...Int(Int32.max)) != nil {
      unused.append(name)
    }
    let model = try await service.load(
      path: path, adapter: adapter, id: id, contextLength: context, vocabularyOnly: isVocabulary)
    let notes = unused.isEmpty ? [] : [Self.unusedNote(unused)]
    return .json(JSONWriter.object { facts(model, &$0, notes: notes) })
  }

  /// Keys and values are never quantised here, whatever a load asks for.
  private static func unusedNote(_ fields: [String]) -> String {
    "\(fields.joined(separator: ", ")) \(fields.count == 1 ? "is" : "are") not used: "
      + "keys and values are kept as they are computed"
  }

  private func checkModelID(_ id: String) throws(Refusal) {
    guard ModelName.isPlain(id) else {
      throw .outOfRange(
        field: "model_id", found: String(id.prefix(80)), allowed: ModelName.rule)
    }
  }

  /// `POST /v1/models/unload`.
  func unloadModel(_ request: Request) async throws(Refusal) -> Reply {
    let fields = try await service.fields(of: request)
    let named = try fields.string("model")
    guard let id = try fields.string("model_id") ?? named else {
      throw .missing(field: "model_id")
    }
    guard service.engine.unload(id) else { throw .modelNotFound(id) }
    service.hooks.clear(id)
    return .json(
      JSONWriter.object { writer in
        writer.member("model_id", id)
        writer.member("status", "unloaded")
      })
  }

  /// `GET /v1/models/available`: what lies in the directories that models may be loaded from.
  func availableModels(_ request: Request) -> Reply {
    let loaded = service.engine.models
    let available = service.availableModels
    return .json(
      JSONWriter.object { writer in
        writer.array("models") { writer in
          for model in available {
            writer.object { writer in
              writer.member("id", model.id)
              writer.member("path", model.path)
              writer.member("format", model.format)
              writer.member("bytes", model.bytes)
              writer.member("loaded", loaded.contains { $0.info.path == model.path })
            }
          }
        }
        // The same as the server has it that the documented clients were written for.
        writer.array("available_models") { writer in
          for model in available {
            writer.object { writer in
              writer.member("model_id", model.id)
              writer.member("model_path", model.path)
              writer.member("size_mb", Double(model.bytes) / 1_048_576)
              writer.member("files", model.files)
            }
          }
        }
        writer.array("loaded_models") { writer in
          for model in loaded { writer.verbatim(entry(model)) }
        }
        writer.member("current_model", service.engine.current?.info.id)
        writer.member("search_paths", service.searchPaths)
        writer.member("total_available", available.count)
        writer.member("total_loaded", loaded.count)
      })
  }

  /// `GET /v1/models/{id}/hook_points`.
  func hookPoints(_ request: Request) throws(Refusal) -> Reply {
    let model = try service.models.runnable(request.parameters["id"])
    let catalogue = model.catalogue
    let points = HookPointList(catalogue)
    return .json(
      JSONWriter.object { writer in
        writer.member("model_id", model.info.id)
        writer.member("model_type", model.info.family)
        writer.member("num_layers", catalogue.layers)
        writer.name("hook_points")
        points.write(to: &writer)
        writer.name("components")
        points.writeComponents(to: &writer)
      })
  }
}
