internal import Checkpoints
internal import Hooks

/// A checkpoint's facts as JSON.
struct InspectDocument: Encodable {
  struct Coding: Encodable {
    let name: String
    let tensors: Int
    let parameters: Int
    let bytes: Int
  }

  struct Memory: Encodable {
    let mappedBytes: Int
    let repackedBytes: Int
    let context: Int
    let cacheBytesF32: Int?
    let cacheBytesF16: Int?
  }

  struct Aside: Encodable {
    let name: String
    let tensors: Int
  }

  struct Adapter: Encodable {
    let path: String
    let kind = "lora"
    let format: String
    let fileBytes: Int
    let updates: Int
    let ranks: [Int]
    let replacements: [String]
  }

  struct Sampling: Encodable {
    let temperature: Double?
    let topK: Int?
    let topP: Double?
    let minP: Double?
    let repetitionPenalty: Double?
    let notApplied: [String]
  }

  struct Point: Encodable {
    let name: String
    let component: String
    let axes: [String]
    /// The batch axis first; null for axes as long as the sequence.
    let shape: [Int?]
  }

  let path: String
  let format: String
  let family: String
  let isSupported: Bool
  let quantization: String?
  let parameters: Int
  let fileBytes: Int
  let contentHash: String
  /// Of all bytes, where it was asked for.
  let modelHash: String?
  let layers: Int
  let hiddenSize: Int
  let intermediateSize: Int
  let heads: Int
  let keyValueHeads: Int
  let headDimension: Int
  let vocabularySize: Int
  let contextLength: Int
  let slidingWindow: Int?
  let experts: Int
  let expertsPerToken: Int
  let tiedEmbeddings: Bool
  let hasChatTemplate: Bool
  let codings: [Coding]
  let memory: Memory
  /// Names in its files that nothing here understands; none changes anything.
  let unknownFields: [String]
  /// Tensors that no pass over text reads.
  let tensorsAside: [Aside]
  let notes: [String]
  /// What was named with --adapter.
  let adapter: Adapter?
  /// How its makers would have tokens drawn, where the files say.
  let sampling: Sampling?
  /// Every kind of point; those of the layers with `N` for the layer.
  let hookPoints: [Point]
}

extension InspectReport {
  /// The same facts for programs.
  var document: InspectDocument {
    let c = summary.configuration
    return InspectDocument(
      path: summary.path, format: summary.format.rawValue, family: c.architecture,
      isSupported: catalogue != nil, quantization: summary.quantization,
      parameters: summary.parameterCount, fileBytes: summary.fileBytes,
      contentHash: summary.contentHash, modelHash: identity, layers: c.layers,
      hiddenSize: c.hiddenSize,
      intermediateSize: c.intermediateSize, heads: c.heads, keyValueHeads: c.keyValueHeads,
      headDimension: c.headDimension, vocabularySize: c.vocabularySize,
      contextLength: c.contextLength, slidingWindow: c.slidingWindow, experts: c.experts,
      expertsPerToken: c.expertsPerToken, tiedEmbeddings: c.tiedEmbeddings,
      hasChatTemplate: summary.hasChatTemplate,
      codings: summary.codings.map {
        InspectDocument.Coding(
          name: $0.name, tensors: $0.tensors, parameters: $0.parameters, bytes: $0.bytes)
      },
      memory: InspectDocument.Memory(
        mappedBytes: summary.memory.mapped, repackedBytes: summary.memory.repacked,
        context: context,
        cacheBytesF32: summary.memory.cache(positions: context, bytesPerNumber: 4),
        cacheBytesF16: summary.memory.cache(positions: context, bytesPerNumber: 2)),
      unknownFields: c.unknownFields,
      tensorsAside: summary.tensorsAside.map {
        InspectDocument.Aside(name: $0.name, tensors: $0.tensors)
      },
      notes: summary.notes.map(\.description),
      adapter: summary.adapter.map {
        InspectDocument.Adapter(
          path: $0.path, format: $0.format, fileBytes: $0.fileBytes, updates: $0.updates,
          ranks: [$0.ranks.lowerBound, $0.ranks.upperBound], replacements: $0.replacements)
      },
      sampling: c.samplingDefaults.map(Self.sampling),
      hookPoints: catalogue.map(points) ?? [])
  }

  private static func sampling(_ defaults: SamplingDefaults) -> InspectDocument.Sampling {
    InspectDocument.Sampling(
      temperature: defaults.temperature, topK: defaults.topK, topP: defaults.topP,
      minP: defaults.minP, repetitionPenalty: defaults.repetitionPenalty,
      notApplied: defaults.notApplied)
  }

  private func points(_ catalogue: HookCatalogue) -> [InspectDocument.Point] {
    catalogue.orderedSites.map { site in
      InspectDocument.Point(
        name: site.isPerLayer ? "blocks.N.\(site.name)" : site.name,
        component: site.component.rawValue, axes: ["batch"] + site.axes.map(\.rawValue),
        shape: [1] + catalogue.shape(of: site).sizes.map(\.fixed))
    }
  }
}
