internal import Interpretability
internal import JSON

/// How a graph's circuit stood its last check.
struct GraphVerification: Sendable, JSONWritable {
  let by: String
  let replace: String
  let faithfulness: Float?
  let completeness: Float?

  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("by", by)
      writer.member("replace", replace)
      writer.member("faithfulness", faithfulness)
      writer.member("completeness", completeness)
    }
  }
}

extension GraphVerification {
  init(_ check: some CutCheck, _ request: GraphCheckRequest) {
    self.init(
      by: request.unit.rawValue, replace: request.name,
      faithfulness: check.circuit.faithfulness, completeness: check.completeness)
  }
}

extension KeptGraph {
  /// The answer to a check by nodes.
  func result(of check: CircuitCheck, _ request: GraphCheckRequest) -> [UInt8] {
    result(of: check, request) { writer in
      writer.member("nodes", check.nodes)
    } more: { writer in
      if request.testsMinimality { writer.member("minimality", check.minimality) }
    }
  }

  /// The answer to a check by edges.
  func result(of check: EdgeCheck, _ request: GraphCheckRequest) -> [UInt8] {
    result(of: check, request) { writer in
      writer.member("nodes", check.layout.senders)
      writer.member("edges", check.layout.count)
    } more: { writer in
      writer.array("heaviest_edges") { writer in
        for edge in check.heaviest(20) {
          writer.object { writer in
            writer.member("sender", edge.sender)
            writer.member("receiver", edge.receiver)
            writer.member("score", edge.score)
          }
        }
      }
    }
  }

  private func result<Check: CutCheck>(
    of check: Check, _ request: GraphCheckRequest, counts: (inout JSONWriter) -> Void,
    more: (inout JSONWriter) -> Void
  ) -> [UInt8] where Check.Point: JSONWritable {
    JSONWriter.object { writer in
      writer.member("type", "graph.verification")
      writer.member("slug", slug)
      writer.member("model", model)
      writer.member("by", request.unit.rawValue)
      writer.member("replace", request.name)
      writer.member("metric", graph.targets.first?.versus == nil ? "logit" : "logit_diff")
      writer.member("whole", check.whole)
      writer.member("empty", check.empty)
      counts(&writer)
      writer.member("circuit", check.circuit)
      writer.member("without", check.without)
      writer.member("faithfulness", check.circuit.faithfulness)
      writer.member("completeness", check.completeness)
      writer.member("curve", check.curve)
      writer.member("cpr", check.performance)
      writer.member("cmd", check.distance)
      writer.array("heads") { writer in
        for head in check.heaviestHeads(20) {
          writer.object { writer in
            writer.member("layer", head.layer)
            writer.member("head", head.head)
            writer.member("effect", head.effect)
          }
        }
      }
      more(&writer)
      writer.member("passes", request.passes)
    }
  }
}

extension EdgeCheck.Point: JSONWritable {
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("edges", edges)
      writer.member("nodes", nodes)
      writer.member("metric", metric)
      writer.member("faithfulness", faithfulness)
    }
  }
}

extension CircuitCheck.Removal: JSONWritable {
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("layer", layer)
      writer.member(ifPresent: "head", head)
      writer.member("metric", metric)
      writer.member("loss", loss)
    }
  }
}

extension CircuitCheck.Point: JSONWritable {
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("nodes", nodes)
      writer.member("metric", metric)
      writer.member("faithfulness", faithfulness)
    }
  }
}
