internal import Interpretability
internal import JSON
internal import Tokenizers

/// Writes what was found in weights as JSON.
struct WeightWriting {
  let tokenizer: Tokenizer

  func write(_ head: WeightCircuits.Head, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("layer", head.place.layer)
      writer.member("head", head.place.head)
      writer.name("ov")
      write(head.ov, score: "copying", ("from", "to"), ("read", "write"), to: &writer)
      writer.name("qk")
      write(head.qk, score: "matching", ("queries", "keys"), ("query", "key"), to: &writer)
    }
  }

  private func write(
    _ circuit: WeightCircuits.Circuit, score: String, _ tokens: (String, String),
    _ vectors: (String, String), to writer: inout JSONWriter
  ) {
    writer.object { writer in
      writer.member("norm", circuit.norm)
      writer.member(score, circuit.positivity)
      writer.member("singular_values", circuit.singularValues)
      writer.array("directions") { writer in
        for direction in circuit.directions {
          writer.object { writer in
            write(direction.read, as: tokens.0, to: &writer)
            write(direction.paired, as: tokens.1, to: &writer)
            guard !direction.readVector.isEmpty else { return }
            writer.member(vectors.0, direction.readVector)
            writer.member(vectors.1, direction.pairedVector)
          }
        }
      }
    }
  }

  private func write(
    _ projections: [WeightCircuits.Projection], as name: String, to writer: inout JSONWriter
  ) {
    writer.array(name) { writer in
      for one in projections {
        writer.object { writer in
          writer.member("token_id", Int(one.token))
          writer.member("text", tokenizer.piece(one.token))
          writer.member("value", one.value)
        }
      }
    }
  }

  /// - Parameter baseline: what is taken off the score.
  func write(
    _ edge: WeightCircuits.Edge, of kind: WeightCircuits.Composition, less baseline: Float,
    to writer: inout JSONWriter
  ) {
    writer.object { writer in
      for (name, place) in [("source", edge.source), ("target", edge.target)] {
        writer.object(name) { writer in
          writer.member("layer", place.layer)
          writer.member("head", place.head)
        }
      }
      writer.member("score", edge.score)
      writer.member("excess", edge.score - baseline)
      writer.member("deviations", edge.deviations)
      if kind == .key { writer.member("prefix_matching", edge.prefixMatching) }
    }
  }
}
