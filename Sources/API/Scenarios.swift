package import JSON
internal import OrderedCollections

/// The documented scenarios and hook configurations, read from `Protocol/scenarios/`.
package struct Scenarios: Sendable {
  /// One of either, as it stands in its file.
  package struct Entry: Sendable {
    package let name: String
    let fields: Fields

    /// The entry as JSON text.
    package var json: [UInt8] { Array(fields.value.json(.compact).utf8) }
  }

  /// A hook moved to another layer because the model has another depth than the documented one.
  package struct Scaling: Sendable, Equatable {
    package let hookID: String
    package let from: Int
    package let to: Int
  }

  package let scenarios: [Entry]
  package let configurations: [Entry]

  package init(_ installation: Installation) throws(Refusal) {
    scenarios = try Self.read("scenarios", installation)
    configurations = try Self.read("hook_configurations", installation)
  }

  private static func read(
    _ name: String, _ installation: Installation
  ) throws(Refusal) -> [Entry] {
    let path = "scenarios/\(name).json"
    guard let bytes = installation.contents(installation.protocolFile(path)) else {
      throw .fileMissing("Protocol/\(path)")
    }
    var entries: [Entry] = []
    for fields in try Fields(body: bytes).objects(name) ?? [] {
      entries.append(Entry(name: try fields.string("name") ?? "", fields: fields))
    }
    return entries
  }

  /// The body of a run that plays a scenario, its hooks moved to a model's depth.
  package func run(
    _ name: String, changes: Fields, layers: Int
  ) throws(Refusal) -> (body: Fields, scaling: [Scaling]) {
    guard let scenario = scenarios.first(where: { $0.name == name }) else {
      throw .scenarioNotFound(String(name.prefix(80)), known: scenarios.map(\.name))
    }
    guard case .object(var members) = scenario.fields.value,
      case .object(let changed) = changes.value
    else { return (changes, []) }
    members.merge(changed) { _, new in new }
    let documented = try scenario.fields.string("hook_configuration")
    guard changes["activation_hooks"] == nil,
      let configuration = try changes.string("hook_configuration") ?? documented
    else { return (try Fields(.object(members)), []) }
    let (hooks, scaling) = try self.hooks(configuration, layers: layers)
    members["activation_hooks"] = .array(hooks)
    return (try Fields(.object(members)), scaling)
  }

  /// A configuration's hooks, moved to a model's depth.
  package func hooks(
    _ name: String, layers: Int
  ) throws(Refusal) -> (hooks: [JSONValue], scaling: [Scaling]) {
    guard let configuration = configurations.first(where: { $0.name == name }) else {
      throw .unknownValue(
        field: "hook_configuration", found: "\"\(name.prefix(80))\"",
        allowed: configurations.map(\.name))
    }
    let documented = try configuration.fields.integer("layers", in: 1...10_000) ?? 24
    var hooks: [JSONValue] = []
    var scaling: [Scaling] = []
    for hook in try configuration.fields.objects("hooks") ?? [] {
      guard case .object(var members) = hook.value,
        let layerName = try hook.string("layer_name"),
        let layer = layerName.split(separator: ".").last.flatMap({ Int($0) })
      else { continue }
      let moved = layers == documented ? layer : layer * layers / documented
      if moved != layer {
        members["layer_name"] = .string("transformer.h.\(moved)")
        scaling.append(
          Scaling(hookID: try hook.string("hook_id") ?? layerName, from: layer, to: moved))
      }
      hooks.append(.object(members))
    }
    return (hooks, scaling)
  }
}
