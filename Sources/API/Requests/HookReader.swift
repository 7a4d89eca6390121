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
    for fields in list {
      let own = try orders(of: fields)
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
    guard let component = try fields.string("component") else {
      throw .missing(field: fields.name("component"))
    }
    let id = try fields.string("hook_id") ?? "\(layerName)_\(component)"
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
