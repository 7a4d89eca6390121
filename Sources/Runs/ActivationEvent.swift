package import Streams
package import Frames
package import JSON

/// The `activation` event of one frame, for viewers that read JSON.
///
/// Written only when the first of them wants it, from the frame's own bytes, so that every door tells the same numbers.
package struct ActivationEvent: Sendable {
  /// What an event says of its hook.
  package struct Hook: Sendable, Hashable {
    package let index: Int
    package let id: String
    /// Which axis of its tensors counts positions, where the hook's shape said so.
    let positionAxis: Int?
    package let layerName: String
    package let component: String
    package let isInput: Bool
    /// The members that are the same in all of its events.
    fileprivate let members: [UInt8]

    init(
      index: Int, id: String, layerName: String, component: String, isInput: Bool,
      positionAxis: Int? = nil
    ) {
      self.index = index
      self.id = id
      self.positionAxis = positionAxis
      self.layerName = layerName
      self.component = component
      self.isInput = isInput
      let object = JSONWriter.object { writer in
        writer.member("hook_index", index)
        writer.member("hook_id", id)
        writer.member("layer_name", layerName)
        writer.member("component", component)
        writer.member("is_input", isInput)
      }
      members = Array(object.dropFirst().dropLast())
    }
  }

  package let hook: Hook
  let run: String
  let sequence: UInt64
  let milliseconds: Double
  let positions: [Int]
  /// The encoded tensor.
  package let frame: FrameBytes

  /// What the tensor is: its hook, shape, element type and positions.
  package func describe(to writer: inout JSONWriter) {
    writer.verbatim(hook.members)
    writer.array("shape") { writer in
      for dimension in frame.frame.shape { writer.integer(dimension) }
    }
    writer.member("dtype", frame.frame.elementType.name)
    writePositions(to: &writer)
  }

  /// The members `positions` and, where some are left out, `position_list`.
  package func writePositions(to writer: inout JSONWriter) {
    let first = positions.first ?? 0
    writer.array("positions") { writer in
      writer.integer(first)
      writer.integer(max(first, (positions.last ?? -1) + 1))
    }
    guard positions.count > 1, Framing.stride(of: positions) != 1 else { return }
    writer.array("position_list") { writer in
      for position in positions { writer.integer(position) }
    }
  }
}

extension ActivationEvent: EncodedTensor {
  package var bytes: [UInt8] { frame.bytes }

  package var text: [UInt8] {
    let event = Event(
      .activation, runID: run, sequence: sequence, step: Int(frame.frame.step),
      milliseconds: milliseconds)
    var writer = JSONWriter(capacity: 384)
    event.write(to: &writer) { describe(to: &$0) }
    return writer.bytes
  }

  package func writeNumbers(to writer: inout JSONWriter) { writer.tensor(frame, flat: false) }
}

extension TopicItem {
  /// The activation that a run published; nil for an event.
  package var activation: ActivationEvent? { tensor as? ActivationEvent }
}

extension ActivationEvent.Hook {
  /// Reads a hook of `run.started`.
  package init?(_ json: JSONValue) {
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
  package mutating func tensor(_ frame: FrameBytes, flat: Bool) {
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
