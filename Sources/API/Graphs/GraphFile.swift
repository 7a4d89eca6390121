internal import JSON
package import Engine
package import Interpretability
package import Tokenizers

/// An attribution graph as a file, for whoever needs no server.
package struct GraphFile: Sendable {
  /// The file that Neuronpedia and circuit-tracer read.
  package let bytes: [UInt8]
  package let graph: AttributionGraph

  /// Follows a prompt's next token back.
  ///
  /// - Parameters:
  ///   - budget: bytes that it may take while it is made.
  ///   - created: seconds since 1970.
  /// - Throws: what a server would refuse too.
  package static func make(
    of tokens: [Token], nodeThreshold: Double, edgeThreshold: Double, mostNodes: Int?, slug: String,
    on engine: Engine, _ model: LoadedModel, budget: Int, created: Int
  ) async throws(Refusal) -> GraphFile {
    let fields = try Fields([
      "node_threshold": .number(nodeThreshold), "edge_threshold": .number(edgeThreshold),
      "max_nodes": mostNodes.map { .init($0) } ?? .null,
    ])
    let request = try GraphRequest(fields, model: model, tokens: tokens, budget: budget)
    let kept = try await KeptGraph.make(
      request, slug: slug, on: engine, created: created, owner: nil)
    return GraphFile(bytes: kept.json, graph: kept.graph)
  }
}
