package import Engine
package import Hooks

/// What made each token: the routes that information took through the layers, by Ferrando and Voita (2024).
///
/// From the run's own passes, without another one: see ``FlowShares`` for the formula and ``FlowMemory`` for what is kept.
package struct InformationFlow: LiveAnalysis {
  package static let name = "information_flow"
  package static let summary =
    "What made each token: a graph from its scores back to the tokens before it, through heads, "
    + "feed-forward parts and the residual stream, of the edges that carry at least `threshold`."
  package static let source = "Ferrando and Voita 2024"
  package static let parameters: [Parameter] = [
    Parameter(
      "threshold", .number(0.001...1), "0.05, or more where the graph would pass max_edges",
      "The least share of an edge that is kept."),
    Parameter(
      "granularity", .choice(FlowGranularity.allCases.map(\.rawValue)), "head",
      "What of attention is a node: a layer's, a head, or a head and its source position."),
    Parameter("positions", .positions, "last", "Whose scores are followed back, of each pass."),
    Parameter(
      "keep", .integer(1...1_048_576), "as many as 256 MiB hold",
      "The newest positions that are sources of their own; older ones are one source together."),
    Parameter(
      "max_edges", .integer(1...20_000), "120, or 4000 where a threshold is given",
      "Edges of a graph at most; the threshold is raised to meet it."),
  ]

  /// Numbers that are read at once between two passes of other runs: a few milliseconds of work.
  private static let numbersAtOnce = 32 << 20

  package let options: FlowOptions

  package init(_ values: ParameterValues, _ catalogue: HookCatalogue) {
    options = FlowOptions(
      threshold: values.number("threshold"),
      granularity: values.choice("granularity").flatMap(FlowGranularity.init) ?? .head,
      positions: values.positions("positions") ?? .last, keep: values.integer("keep"),
      mostEdges: values.integer("max_edges"), catalogue)
  }

  private static let sites: [HookSite] = [
    .residualPre, .value, .attentionPattern, .headOutput, .attentionOutput, .residualMid,
    .residualPost,
  ]
  private static let expertSites: [HookSite] = [
    .expertIndices, .expertResult, .sharedExpertOutput, .sharedExpertGate,
  ]

  package func captures(_ catalogue: HookCatalogue, promptTokens: Int) -> [CaptureSpec] {
    (0..<catalogue.layers).flatMap { layer in
      let isRouted = catalogue.computes(.expertResult, layer: layer)
      let isParallel = !catalogue.sites.contains(.residualMid)
      let sites =
        Self.sites + (isParallel ? [.attentionAdded] : [])
        + (isRouted ? Self.expertSites : [.mlpAdded])
      return sites.filter { catalogue.computes($0, layer: layer) }
        .map { CaptureSpec(analysing: HookPoint($0, layer: layer)) }
    }
  }

  package func resultNumbers(
    _ catalogue: HookCatalogue, promptTokens: Int
  ) -> (prompt: Double, later: Double) {
    // An edge with its names, and a node for each.
    let graph = 10 * Double(options.mostEdges)
    return (graph, graph)
  }

  package func memory(_ catalogue: HookCatalogue) -> (any AnalysisMemory)? {
    FlowMemory(options, catalogue)
  }

  package func keptBytes(
    _ catalogue: HookCatalogue, promptTokens: Int, maxTokens: Int
  ) -> Double {
    let positions = Double(min(options.keep, promptTokens + maxTokens))
    let prompt = captures(catalogue, promptTokens: promptTokens).reduce(0.0) { sum, spec in
      sum + Double(promptTokens) * spec.shape(in: catalogue).sentNumbers(keys: promptTokens)
    }
    return positions * Double(FlowOptions.bytesPerPosition(catalogue))
      + prompt * Double(MemoryLayout<Float>.size)
  }

  package func result(of captured: CapturedPass, _ pass: AnalysedPass) async -> Finding? {
    guard let memory = pass.memory as? FlowMemory,
      let graph = await graph(of: captured, memory, on: pass.engine, pass.model)
    else { return nil }
    return finding(graph, pass)
  }

  /// Takes a pass in, and walks back from the scores of its positions; nil where none of them is asked for.
  package func graph(
    of captured: CapturedPass, _ memory: FlowMemory, on engine: Engine, _ model: LoadedModel
  ) async -> FlowGraph? {
    let catalogue = model.catalogue
    let list = captured.positions(of: HookPoint(.residualPost, layer: catalogue.layers - 1))
    guard let first = list.first, let last = list.last else { return nil }
    let positions = first..<last + 1
    // A generated token is one stretch of work; a prompt is taken in a few layers at a time.
    let isLong = positions.count > 1
    let stretch = isLong ? max(1, 128 / positions.count) : catalogue.layers
    for start in stride(from: 0, to: catalogue.layers, by: stretch) {
      await engine.lend(model) { lent in
        if start == 0 { memory.begin(positions, captured) }
        memory.store(
          positions, of: captured, layers: start..<min(start + stretch, catalogue.layers), lent)
        if !isLong { memory.settle(first, of: captured, lent) }
      }
    }
    let roots = positions.filter { options.positions.contains($0, isLast: $0 == last) }
    guard !roots.isEmpty else { return nil }
    while !Task.isCancelled {
      let graph = await engine.lend(model) { lent in
        memory.graph(of: roots, lent, numbers: Self.numbersAtOnce)
      }
      if let graph { return graph }
    }
    return nil
  }
}
