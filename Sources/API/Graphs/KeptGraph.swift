internal import Engine
internal import Interpretability
internal import JSON
internal import Loops
internal import Tokenizers

/// An attribution graph that the server keeps, and what it was made of.
struct KeptGraph: Sendable {
  let slug: String
  let model: String
  /// The prompt's text, and its tokens as people read them.
  let prompt: String
  let pieces: [String]
  /// The texts of the targets' tokens.
  let targets: [String]
  let options: AttributionOptions
  let graph: AttributionGraph
  /// Seconds since 1970.
  let created: Int
  let owner: ClientKey?
  /// Whether others may read it.
  var isShared = false
  /// What its last check said; nil where it was never checked.
  var verified: GraphVerification?

  init(
    slug: String, of model: LoadedModel, _ options: AttributionOptions, _ graph: AttributionGraph,
    created: Int, owner: ClientKey?
  ) {
    let tokenizer = model.tokenizer
    self.slug = slug
    self.model = model.info.id
    prompt = tokenizer.decode(graph.tokens, skipSpecial: false)
    pieces = graph.tokens.map { tokenizer.piece($0) }
    targets = graph.targets.map { tokenizer.piece($0.token) }
    self.options = options
    self.graph = graph
    self.created = created
    self.owner = owner
  }

  /// Follows a request's next token back.
  ///
  /// - Parameter created: seconds since 1970.
  static func make(
    _ request: GraphRequest, slug: String, on engine: Engine, created: Int, owner: ClientKey?,
    progress: @Sendable (AttributionProgress) async -> Void = { _ in }
  ) async throws(Refusal) -> KeptGraph {
    let model = request.model
    let found: AttributionGraph?
    do {
      found = try await AttributionGraph.make(
        of: request.tokens, request.options, on: engine, model, progress: progress)
    } catch {
      throw .engine(error)
    }
    guard let found else { throw .engine(.vocabularyOnly(model.info.id)) }
    return KeptGraph(
      slug: slug, of: model, request.options, found, created: created, owner: owner)
  }

  /// About what it takes of memory.
  var bytes: Int {
    256 + graph.links.count * MemoryLayout<AttributionGraph.Link>.stride
      + graph.nodes.count * MemoryLayout<AttributionGraph.Node>.stride
      + graph.order.count * MemoryLayout<Int>.stride + prompt.utf8.count
      + pieces.reduce(0) { $0 + $1.utf8.count + MemoryLayout<String>.stride }
  }
}

extension KeptGraph {
  var names: GraphNames {
    GraphNames(layout: graph.layout, tokens: graph.tokens, targets: graph.targets.map(\.token))
  }
}

/// What nodes are called in the file, where ids are opaque.
struct GraphNames: Sendable {
  let layout: GraphLayout
  let tokens: [Token]
  let targets: [Token]

  func id(_ source: Int) -> String {
    let (kind, layer, position) = layout.node(source)
    return switch kind {
    case .embedding: "E_\(tokens[position])_\(position)"
    case .position: "P_\(position)"
    case .mlp: "ERR_\(layer)_\(position)"
    case .head(let head): "H_\(layer)_\(head)_\(position)"
    case .bias: "B_\(layer)_\(position)"
    }
  }

  /// The same of the end of a link.
  func id(_ end: AttributionGraph.End) -> String {
    switch end {
    case .logit(let rank): "\(layout.layers + 1)_\(targets[rank])_\(tokens.count - 1)"
    case .source(let source): id(source)
    }
  }

  func write(_ link: AttributionGraph.Link, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("source", id(link.source))
      writer.member("target", id(link.target))
      writer.member("weight", link.weight)
    }
  }

  /// Some links as they were found, as an event's JSON.
  func rows(_ links: [AttributionGraph.Link]) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("type", "analysis.rows")
      writer.member("analysis", GraphRequest.name)
      writer.array("links") { writer in for link in links { write(link, to: &writer) } }
    }
  }
}
