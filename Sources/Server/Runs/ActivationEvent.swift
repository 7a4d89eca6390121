internal import Frames
internal import Hooks
internal import Wire

/// The `activation` event of one frame, for viewers that read JSON.
///
/// Written only when the first of them wants it, from the frame's own bytes, so that every door tells the same numbers.
package struct ActivationEvent: Sendable {
  /// What an event says of its hook.
  package struct Hook: Sendable {
    let index: Int
    let id: String
    let layerName: String
    let component: String
    let isInput: Bool
    /// Which axis of its tensors counts positions, where the hook's shape said so.
    var positionAxis: Int?
  }

  let hook: Hook
  let run: String
  let sequence: UInt64
  let milliseconds: Double
  let positions: [Int]
  /// The encoded frame.
  let frame: [UInt8]

  /// One line of JSON.
  func json(_ form: TensorForm) -> [UInt8] {
    guard let frame = try? FrameBytes(checking: frame, limits: FrameLimits(tensorBytes: .max))
    else { return JSONWriter.object { $0.member("type", EventType.error.rawValue) } }
    let event = event(of: frame.frame)
    var writer = JSONWriter()
    event.write(to: &writer) { writer in
      switch form {
      case .none: break
      case .base64:
        writer.name("frame")
        writer.plainString(Base64.encode(frame.bytes))
      case .json:
        writer.name("data")
        writer.tensor(frame, flat: false)
      }
    }
    return writer.bytes
  }

  private func event(of frame: TensorFrame) -> Event {
    let first = positions.first ?? 0
    var event = Event(
      .activation(
        EventContents.Activation(
          hookIndex: hook.index, hookID: hook.id, layerName: hook.layerName,
          component: hook.component, isInput: hook.isInput, shape: frame.shape,
          dtype: frame.elementType.name,
          positions: first..<max(first, (positions.last ?? -1) + 1))),
      runID: run, sequence: sequence, step: Int(frame.step), milliseconds: milliseconds)
    if positions.count > 1, Framing.stride(of: positions) != 1 {
      event.fields.append(.init("position_list", .array(positions.map { JSONValue($0) })))
    }
    return event
  }
}

extension ActivationEvent.Hook {
  init(_ hook: RunHook) {
    self.init(
      index: hook.index, id: hook.spec.hookID, layerName: hook.spec.layerName,
      component: hook.spec.component.rawValue, isInput: hook.spec.isInput)
  }

  /// Reads a hook of `run.started`.
  init?(_ json: JSONValue) {
    guard let index = json["index"]?.integer, let id = json["hook_id"]?.string else { return nil }
    self.init(
      index: Int(index), id: id, layerName: json["layer_name"]?.string ?? "",
      component: json["component"]?.string ?? "", isInput: json["is_input"]?.bool ?? false,
      positionAxis: json["shape"]?.array?.firstIndex { $0.string == "S" })
  }

  /// What a frame says of its hook where nothing else does.
  init(index: Int, frame: TensorFrame) {
    self.init(
      index: index, id: "hook_\(index)", layerName: frame.layer.map { "transformer.h.\($0)" } ?? "",
      component: frame.component.name ?? "", isInput: frame.isInput)
  }

  /// The positions that a frame tells by itself: evenly spaced ones.
  func positions(of frame: TensorFrame) -> [Int] {
    let axis = positionAxis ?? (frame.shape.count > 3 ? 2 : 1)
    let count = frame.shape.count > axis ? frame.shape[axis] : 1
    return (0..<count).map { Int(frame.firstPosition) + $0 * Int(frame.positionStride) }
  }
}

extension JSONWriter {
  /// A frame's numbers, nested after its shape or flat; `null` where they can't be unpacked.
  mutating func tensor(_ frame: FrameBytes, flat: Bool) {
    guard let values = try? frame.values() else {
      null()
      return
    }
    guard !frame.frame.shape.isEmpty else {
      if let value = values.first { number(value) } else { null() }
      return
    }
    nested(values.span, shape: flat ? [values.count] : frame.frame.shape)
  }
}
