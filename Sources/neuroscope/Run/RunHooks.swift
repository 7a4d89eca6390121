internal import Hooks

/// What `run` captures: the residual norm of every layer, and the tensors of `--hooks`.
struct RunHooks {
  /// One tensor asked for by name.
  struct Named {
    let name: String
    let point: HookPoint
  }

  let layers: Int
  let named: [Named]
  /// The captures for the engine: first the stream's last position per layer, then the named tensors.
  let specs: [CaptureSpec]

  /// Reads a list such as `residual@5,attention@all,blocks.3.hook_mlp_out,mlp@2:in`.
  ///
  /// - Parameter place: where the list stands, for who wrote it.
  /// - Throws: ``CommandFailure`` naming the place, the item and the nearest names.
  init(_ list: String, catalogue: HookCatalogue, place: String = "--hooks") throws {
    layers = catalogue.layers
    do {
      named = try list.split(separator: ",").flatMap {
        try Named.read($0.trimmingBlanks, catalogue)
      }
    } catch let failure as CommandFailure {
      throw CommandFailure("\(place): \(failure.description)")
    }
    let norms = (0..<catalogue.layers).map { layer in
      Self.spec(
        HookPoint(.residualPost, layer: layer), id: "norm_\(layer)", Selection(positions: .last))
    }
    specs = norms + named.map { Self.spec($0.point, id: $0.name, Selection()) }
  }

  private static func spec(_ point: HookPoint, id: String, _ selection: Selection) -> CaptureSpec {
    CaptureSpec(
      hookID: id, layerName: point.name, component: point.site.component, isInput: false,
      point: point, selection: selection)
  }
}

extension RunHooks.Named {
  /// The tensors that one item of a list names.
  ///
  /// - Throws: ``CommandFailure`` naming the nearest names.
  static func read(_ item: String, _ catalogue: HookCatalogue) throws -> [RunHooks.Named] {
    let isInput = item.hasSuffix(":in")
    let plain = isInput ? String(item.dropLast(3)) : item
    let parts = plain.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
    switch parts.count {
    case 1: return [Self(name: item, point: try point(plain, isInput, catalogue))]
    case 2 where parts[1] == "all":
      return try (0..<catalogue.layers).map { layer in
        let name = "\(parts[0])@\(layer)" + (isInput ? ":in" : "")
        return Self(name: name, point: try point(parts[0], "layers.\(layer)", isInput, catalogue))
      }
    case 2:
      // A number means a block; anything else is a layer's name as the server knows it.
      let layer = Int(parts[1]).map { "layers.\($0)" } ?? parts[1]
      return [Self(name: item, point: try point(parts[0], layer, isInput, catalogue))]
    default: throw CommandFailure("\(item) has more than one @")
    }
  }

  private static func point(
    _ component: String, _ layer: String, _ isInput: Bool, _ catalogue: HookCatalogue
  ) throws -> HookPoint {
    do {
      return try catalogue.resolve(layerName: layer, component: component, isInput: isInput)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// The point of a name that stands alone: of its first component that fits.
  private static func point(
    _ name: String, _ isInput: Bool, _ catalogue: HookCatalogue
  ) throws -> HookPoint {
    for component in HookComponent.allCases {
      if let point = try? catalogue.resolve(
        layerName: name, component: component.rawValue, isInput: isInput)
      {
        return point
      }
    }
    return try point(HookComponent.residual.rawValue, name, isInput, catalogue)
  }
}
