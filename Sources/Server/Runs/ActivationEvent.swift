internal import Frames
internal import Hooks

/// The `activation` event of one frame, for viewers that read JSON.
///
/// Written only when the first of them wants it, from the frame's own bytes, so that every door tells the same numbers.
struct ActivationEvent: Sendable {
  let hook: RunHook
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
    let first = positions.first ?? 0
    var event = Event(
      .activation(
        EventContents.Activation(
          hookIndex: hook.index, hookID: hook.spec.hookID, layerName: hook.spec.layerName,
          component: hook.spec.component.rawValue, isInput: hook.spec.isInput,
          shape: frame.frame.shape, dtype: frame.frame.elementType.name,
          positions: first..<max(first, (positions.last ?? -1) + 1))),
      runID: run, sequence: sequence, step: Int(frame.frame.step), milliseconds: milliseconds)
    if positions.count > 1, Framing.stride(of: positions) != 1 {
      event.fields.append(.init("position_list", .array(positions.map { JSONValue($0) })))
    }
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
