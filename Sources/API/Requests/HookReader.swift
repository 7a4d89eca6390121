package import Hooks
package import Runs

/// Reads hooks as the documented contract writes them.
///
/// A hook that wants input and output becomes two orders, the input first, which is also their order in each pass.
package struct HookReader: Sendable {
  package let catalogue: HookCatalogue

  package init(_ catalogue: HookCatalogue) {
    self.catalogue = catalogue
  }

  /// Reads a list of hooks whose ids must differ.
  package func orders(
    _ list: [Fields], limit: Int = 4096
  ) throws(Refusal) -> [HookOrder] {
    guard list.count <= limit else {
      throw .outOfRange(
        field: "activation_hooks", found: "\(list.count) hooks", allowed: "at most \(limit) hooks")
    }
    var ids: Set<String> = []
    var result: [HookOrder] = []
    var directionNumbers = 0
    for fields in list {
      let own = try orders(of: fields)
      directionNumbers += own.first?.spec.selection.reduction.directionNumbers ?? 0
      guard directionNumbers <= Directions.mostNumbers else {
        throw .outOfRange(
          field: fields.name("reduce.project"),
          found: "\(directionNumbers) numbers of directions with the hooks before it",
          allowed: "at most \(Directions.mostNumbers) in all (project on fewer directions)")
      }
      if let id = own.first?.spec.hookID, !ids.insert(id).inserted {
        throw .repeatedHook(id: id, field: fields.name("hook_id"))
      }
      result += own
    }
    return result
  }

  /// Reads one hook.
  package func orders(of fields: Fields) throws(Refusal) -> [HookOrder] {
    guard let layerName = try fields.string("layer_name") else {
      throw .missing(field: fields.name("layer_name"))
    }
    let component = try component(fields, of: layerName)
    let isNamed = fields["component"] != nil
    let id = try fields.string("hook_id") ?? (isNamed ? "\(layerName)_\(component)" : layerName)
    guard !id.isEmpty, id.utf8.count <= 200 else {
      throw .outOfRange(
        field: fields.name("hook_id"), found: "\(id.utf8.count) bytes", allowed: "1 to 200 bytes")
    }
    let input = try fields.bool("capture_input") ?? false
    let output = try fields.bool("capture_output") ?? true
    guard input || output else {
      throw .hookWithoutSide(id: id, field: String(fields.path.dropLast()))
    }
    let dtype = try fields.elementType("dtype")
    let encoding = try fields.choice("encoding", TensorEncoding.allCases.map(\.rawValue))
      .flatMap { TensorEncoding(rawValue: $0) }
    var result: [HookOrder] = []
    for isInput in [true, false] where isInput ? input : output {
      let point = try point(layerName, component, isInput: isInput, fields)
      let spec = CaptureSpec(
        hookID: id, layerName: layerName,
        component: HookComponent(name: component) ?? point.site.component, isInput: isInput,
        point: point, selection: try selection(fields, at: point))
      result.append(HookOrder(spec: spec, dtype: dtype, encoding: encoding))
    }
    return result
  }

  /// The component that is named, or the only one that the layer's name has.
  func component(_ fields: Fields, of layerName: String) throws(Refusal) -> String {
    guard let name = try fields.string("component") ?? catalogue.component(of: layerName) else {
      throw .missing(field: fields.name("component"))
    }
    return name
  }

  func point(
    _ layerName: String, _ component: String, isInput: Bool, _ fields: Fields
  ) throws(Refusal) -> HookPoint {
    do {
      return try catalogue.resolve(layerName: layerName, component: component, isInput: isInput)
    } catch {
      throw .hookName(error, field: String(fields.path.dropLast()))
    }
  }
}
