internal import Interpretability
internal import JSON

/// The file that Neuronpedia and circuit-tracer read, version 1 of their schema.
extension KeptGraph {
  /// The whole graph.
  var json: [UInt8] {
    let names = names
    return JSONWriter.object { writer in
      writer.member("metadata", self)
      writer.object("qParams") { writer in
        writer.array("pinnedIds") { _ in }
        writer.array("supernodes") { _ in }
        writer.member("linkType", "both")
        writer.member("clickedId", "")
        writer.member("sg_pos", "")
      }
      writer.array("nodes") { writer in
        for node in graph.nodes { writer.object { write(node, names, to: &$0) } }
        for rank in graph.targets.indices { writer.object { write(logit: rank, names, to: &$0) } }
      }
      writer.array("links") { writer in
        for link in graph.links { names.write(link, to: &writer) }
      }
    }
  }

  private func write(
    _ node: AttributionGraph.Node, _ names: GraphNames, to writer: inout JSONWriter
  ) {
    let (kind, layer, position) = graph.layout.node(node.source)
    let token = graph.tokens[position]
    writer.member("node_id", names.id(node.source))
    switch kind {
    case .embedding:
      common(
        &writer, feature: position, layer: "E", type: "embedding", "E_\(token)-\(position)",
        clerp: "Embedding \"\(pieces[position])\"")
    case .position:
      common(
        &writer, feature: position, layer: "E", type: "position embedding", "P-\(position)",
        clerp: "Position \(position)")
    case .mlp:
      common(
        &writer, feature: -1, layer: "\(layer)", type: "mlp reconstruction error",
        "\(layer)_\(position)-0", clerp: "MLP \(layer) at \"\(pieces[position])\"")
    case .head(let head):
      // Both numbers in one, as the schema's first version does it for features (Cantor).
      let pair = (layer + head) * (layer + head + 1) / 2 + head
      common(
        &writer, feature: pair, layer: "\(layer)", type: "attention head", "H_\(layer)_\(head)-0",
        clerp: "Head \(layer).\(head) at \"\(pieces[position])\"")
      writer.member("head", head)
    case .bias:
      common(
        &writer, feature: -1, layer: "\(layer)", type: "bias", "B_\(layer)-0",
        clerp: layer < graph.layout.layers ? "Biases of attention \(layer)" : "Biases of the scores"
      )
    }
    writer.member("ctx_idx", position)
    writer.member("influence", node.influence)
    writer.member("activation", node.value)
    flags(&writer)
  }

  private func write(logit rank: Int, _ names: GraphNames, to writer: inout JSONWriter) {
    let target = graph.targets[rank]
    writer.member("node_id", names.id(.logit(rank)))
    // Viewers cut the text at `"` and at `(p=`.
    let chance = (Double(target.probability) * 1000).rounded() / 1000
    common(
      &writer, feature: Int(target.token), layer: "\(graph.layout.layers + 1)", type: "logit",
      "L_\(target.token)-\(graph.tokens.count - 1)",
      clerp: "Output \"\(targets[rank])\" (p=\(chance))")
    writer.member("ctx_idx", graph.tokens.count - 1)
    writer.member("token_prob", target.probability)
    writer.member("activation", target.logit)
    writer.member("is_target_logit", true)
    writer.member("influence", Float(0))
    writer.member("run_idx", 0)
    writer.member("reverse_ctx_idx", 0)
  }

  private func common(
    _ writer: inout JSONWriter, feature: Int, layer: String, type: String, _ jsNodeID: String,
    clerp: String
  ) {
    writer.member("feature", feature)
    writer.member("layer", layer)
    writer.member("feature_type", type)
    writer.member("jsNodeId", jsNodeID)
    writer.member("clerp", clerp)
  }

  private func flags(_ writer: inout JSONWriter) {
    writer.member("token_prob", 0)
    writer.member("is_target_logit", false)
    writer.member("run_idx", 0)
    writer.member("reverse_ctx_idx", 0)
  }
}

extension KeptGraph: JSONWritable {
  /// The `metadata` of the file, and what a listing tells besides.
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("slug", slug)
      writer.member("scan", Self.plain(model))
      writer.member("prompt", prompt)
      writer.member("prompt_tokens", pieces)
      writer.array("transcoder_list") { _ in }
      writer.member("node_threshold", options.nodeThreshold)
      writer.member("schema_version", 1)
      writer.object("info") { writer in
        writer.member(
          "description",
          "Heads and embeddings in the frozen model; feed-forward parts are errors, since no dictionary explains them."
        )
        writer.object("generator") { writer in
          writer.member("name", "NeuroScope")
          writer.member("version", Version.text)
        }
        writer.member("create_time_ms", created * 1000)
      }
      writer.object("generation_settings") { writer in
        writer.member("max_n_logits", AttributionOptions.mostTargets)
        writer.member("desired_logit_prob", AttributionOptions.mass)
        if options.mostNodes < .max { writer.member("max_feature_nodes", options.mostNodes) }
      }
      writer.object("pruning_settings") { writer in
        writer.member("node_threshold", options.nodeThreshold)
        writer.member("edge_threshold", options.edgeThreshold)
      }
      writer.member("model", model)
      writer.member("node_count", graph.nodeCount)
      writer.member("link_count", graph.links.count)
      writer.member("replacement_score", graph.replacement)
      writer.member("completeness_score", graph.completeness)
      writer.member("verified", verified)
    }
  }

  /// A name of letters, digits, `_`, `.` and `-` only, as viewers have them.
  private static func plain(_ text: String) -> String {
    String(
      text.unicodeScalars.map { scalar -> Character in
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "-": Character(scalar)
        default: "-"
        }
      })
  }

  /// The answer to whoever asked for it.
  var result: [UInt8] {
    JSONWriter.object { writer in
      writer.member("type", "analysis.result")
      writer.member("analysis", GraphRequest.name)
      writer.member("model", model)
      writer.member("slug", slug)
      writer.member("tokens", pieces)
      writer.array("targets") { writer in
        for (rank, target) in graph.targets.enumerated() {
          writer.object { writer in
            writer.member("node_id", names.id(.logit(rank)))
            writer.member("token_id", Int(target.token))
            writer.member("text", targets[rank])
            writer.member("probability", target.probability)
            writer.member("logit", target.logit)
          }
        }
      }
      writer.member("nodes", graph.nodeCount)
      writer.member("links", graph.links.count)
      writer.member("replacement_score", graph.replacement)
      writer.member("completeness_score", graph.completeness)
      writer.array("heads") { writer in
        for head in graph.heaviestHeads(20) {
          writer.object { writer in
            writer.member("layer", head.layer)
            writer.member("head", head.head)
            writer.member("influence", head.influence)
          }
        }
      }
    }
  }
}
