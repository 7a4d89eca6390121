internal import Engine
internal import Hooks
internal import Interpretability
internal import JSON

/// What heads were found to be, as JSON: the answer, and the file.
struct HeadsObject {
  /// Grows when tests, thresholds or members change; what was kept by another is found again.
  private static let version: Int64 = 1

  let names: HeadNames
  let model: LoadedModel
  let digest: String

  /// A file's bytes, where it is of this version.
  static func checked(_ kept: JSONValue?) -> [UInt8]? {
    guard let kept, kept["version"]?.integer == version, kept["heads"]?.array != nil else {
      return nil
    }
    return Array(kept.json(.compact).utf8)
  }

  var json: [UInt8] {
    JSONWriter.object { writer in
      writer.member("status", "found")
      writer.member("version", Int(Self.version))
      writer.member("model_hash", digest)
      writer.member("model_type", model.info.family)
      writer.member("seed", Int(HeadCorpus.seed))
      writer.array("heads") { writer in
        for layer in 0..<model.catalogue.layers {
          for head in 0..<model.catalogue.heads { write(layer, head, to: &writer) }
        }
      }
      writer.array("tests") { writer in
        for outcome in names.outcomes { write(outcome, to: &writer) }
      }
      writer.array("kinds") { writer in
        for kind in HeadKind.allCases {
          writer.object { writer in
            writer.member("name", kind.rawValue)
            writer.member("threshold", kind.threshold)
            writer.member("score", kind.meaning)
            writer.member(
              "tests", HeadTest.allCases.filter { $0.kinds.contains(kind) }.map(\.rawValue))
          }
        }
      }
    }
  }

  private func write(_ layer: Int, _ head: Int, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("layer", layer)
      writer.member("head", head)
      writer.name("kinds")
      writer.object { writer in
        for (kind, score) in names.kinds(layer: layer, head: head) {
          writer.member(kind.rawValue, score)
        }
      }
      writer.name("scores")
      writer.object { writer in
        for kind in HeadKind.allCases {
          guard let score = names.scores[kind]?[layer][head] else { continue }
          writer.member(kind.rawValue, score)
        }
      }
    }
  }

  private func write(_ outcome: HeadNames.Outcome, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("name", outcome.test.rawValue)
      writer.member("summary", outcome.test.summary)
      writer.member("prompts", outcome.prompts)
      writer.member("tokens", outcome.tokens)
      writer.member("kinds", outcome.kinds.map(\.rawValue))
      writer.member(ifPresent: "reason", outcome.reason)
    }
  }
}
