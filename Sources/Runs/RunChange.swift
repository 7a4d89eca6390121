internal import Engine
package import Hooks
package import JSON
internal import OrderedCollections

/// What a run is told while it goes on, in the form that its viewers and its recording need.
package enum RunChange: Sendable {
  /// Where `removing` is nil, nothing is captured but what is added.
  case hooks(adding: [HookOrder], removing: Set<String>?, body: JSONValue)
  /// The body is complete: the rows that a patch takes are in it.
  case intervene(Intervention, body: JSONValue)
  case removeIntervention(id: String)
  /// Where `removing` is nil, nothing is watched for but what is added.
  case watches(adding: [Watchpoint], removing: Set<Int>?, body: JSONValue)
  case rewind(to: Int)

  /// The same in the engine's words; nil for a rewind, which it knows by another name.
  var kind: GenerationChange.Kind? {
    switch self {
    case .hooks(let added, let removed, _):
      .captures(adding: added.map(\.spec), removing: removed)
    case .intervene(let intervention, _): .intervention(intervention)
    case .removeIntervention(let id): .removal(interventionID: id)
    case .watches(let added, let removed, _): .watches(adding: added, removing: removed)
    case .rewind: nil
    }
  }

  /// What recordings keep of the change, made at a step: bodies that make it again, in order.
  ///
  /// - Parameters:
  ///   - step: the first pass that is computed with it.
  ///   - end: the first pass without the intervention that it replaced, which may end before this one begins.
  func records(from step: Int, replacedFrom end: Int?) -> [[UInt8]] {
    switch self {
    case .hooks(_, _, let body):
      return [body.setting(["change": .string("hooks"), "from_step": .integer(Int64(step))])]
    case .intervene(let intervention, let body):
      let added = body.setting([
        "change": .string("intervene"), "intervention_id": .string(intervention.id),
        "from_step": .integer(Int64(step)),
      ])
      return (end.map { [Self.removal(of: intervention.id, from: $0)] } ?? []) + [added]
    case .removeIntervention(let id): return [Self.removal(of: id, from: step)]
    case .watches(_, _, let body):
      return [body.setting(["change": .string("watch"), "from_step": .integer(Int64(step))])]
    case .rewind(let last):
      return [
        JSONWriter.object { writer in
          writer.member("change", "rewind")
          writer.member("to_step", last)
        }
      ]
    }
  }

  private static func removal(of id: String, from step: Int) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("change", "remove_intervention")
      writer.member("intervention_id", id)
      writer.member("from_step", step)
    }
  }
}

extension JSONValue {
  /// The object as JSON text with some members set.
  fileprivate func setting(_ changes: [String: JSONValue]) -> [UInt8] {
    guard case .object(var members) = self else { return [] }
    for (name, value) in changes.sorted(by: { $0.key < $1.key }) { members[name] = value }
    return Array(JSONValue.object(members).json(.compact).utf8)
  }
}
