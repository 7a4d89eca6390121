package import JSON
package import Hooks

/// One hook of a run as viewers know it: its index in frames, and how its tensors travel.
package struct RunHook: Sendable, Hashable {
  /// Counted from 0 in the order of being asked for; never used again for another hook of the run.
  package let index: Int
  package let spec: CaptureSpec
  package let format: FrameFormat
  package let encoding: TensorEncoding?
  /// What the events of its tensors say of it.
  let event: ActivationEvent.Hook
  /// Whether the run captures it now; false after it was taken off.
  package var isActive: Bool { removedFrom == nil }
  /// The first pass that it was captured in, and the first one without it after it was taken off.
  private var addedFrom = 0
  private var removedFrom: Int?

  /// - Parameter step: the first pass that it is captured in.
  init(index: Int, order: HookOrder, format: FrameFormat, from step: Int = 0) {
    self.index = index
    addedFrom = step
    spec = order.spec
    self.format = order.format(in: format)
    encoding = order.encoding
    event = ActivationEvent.Hook(
      index: index, id: spec.hookID, layerName: spec.layerName,
      component: spec.component.rawValue, isInput: spec.isInput)
  }

  /// Captures it from a pass on, if it does not already.
  mutating func add(from step: Int) {
    if let removedFrom, removedFrom != step { addedFrom = step }
    removedFrom = nil
  }

  mutating func remove(from step: Int) { removedFrom = removedFrom ?? step }

  /// Forgets passes that were taken back.
  mutating func rewind(to passes: Int) {
    addedFrom = min(addedFrom, passes)
    removedFrom = removedFrom.map { min($0, passes) }
  }

  /// Whether viewers must know it: it is captured, or was until a pass whose tensors are still to come.
  ///
  /// - Parameter passes: how many passes have been told to their end.
  func isTold(after passes: Int) -> Bool {
    removedFrom.map { $0 > max(passes, addedFrom) } ?? true
  }

  /// Whether a pass captures it.
  func isCaptured(in step: Int) -> Bool {
    step >= addedFrom && removedFrom.map { step < $0 } ?? true
  }

  /// Whether its captures are kept for patches: whole rows, which viewers get rounded.
  var servesPatches: Bool {
    let selection = spec.selection
    return !format.isExact && selection.reduction == .none && selection.heads == nil
      && selection.neurons == nil && selection.experts == nil && !spec.point.site.isOverKeys
  }

  /// The same as one would ask for it.
  var order: HookOrder {
    HookOrder(spec: spec, dtype: format.elementType, encoding: encoding)
  }

  /// The shape of its tensors, `S` for positions and `K` for keys.
  func shape(_ catalogue: HookCatalogue) -> JSONValue {
    .array(
      [1]
        + spec.shape(in: catalogue).sent.map { size in
          size.fixed.map { JSONValue($0) } ?? .string(size.description)
        })
  }

  /// The hook as run objects and `run.started` list it.
  package func json(_ catalogue: HookCatalogue) -> JSONValue {
    [
      "index": JSONValue(index), "hook_id": .string(spec.hookID),
      "layer_name": .string(spec.layerName), "component": .string(spec.component.rawValue),
      "is_input": .bool(spec.isInput), "point": .string(spec.point.name),
      "layer": spec.point.layer < 0 ? .null : JSONValue(spec.point.layer),
      "dtype": .string(format.dtype), "shape": shape(catalogue),
      "active": .bool(isActive),
    ]
  }
}
