package import Frames
internal import Hooks

/// Where captures become frames: the only place that knows both.
///
/// A capture is reduced as its hook asks, given its batch axis, and encoded once; everything after this shares the bytes.
///
/// - Isolation: belongs to one run's actor, which may lend it; its scratch memory is used again.
package final class Framing: @unchecked Sendable {
  // Proof for @unchecked: used by its run's actor, or by the one task to which that actor has handed a part of a pass;
  // until the task is back on the actor, the actor leaves it alone.
  private let encoder: FrameEncoder
  private var reduced: [Float] = []

  package init() throws(FrameError) {
    encoder = try FrameEncoder()
  }

  /// Encodes one captured tensor.
  ///
  /// - Throws: `FrameError.shape` or `outOfMemory`; the tensor is then left out.
  func frame(
    _ item: CaptureBatch.Item, of batch: CaptureBatch, hook: RunHook, sequence: UInt64,
    isLastOfPass: Bool
  ) throws(FrameError) -> FrameBytes {
    let reduction = hook.spec.selection.reduction
    let width = item.dimensions.last ?? 1
    var description = TensorFrame(
      kind: reduction == .none ? .activation : .reduction,
      elementType: hook.format.elementType, codec: hook.format.codec, sequence: sequence,
      step: UInt32(clamping: batch.step),
      firstPosition: UInt32(clamping: item.positions.first ?? 0),
      positionStride: UInt32(clamping: Self.stride(of: item.positions) ?? 0),
      hookIndex: UInt32(clamping: hook.index),
      layer: hook.spec.point.layer < 0 ? nil : Int32(clamping: hook.spec.point.layer),
      component: FrameComponent(name: hook.spec.component.rawValue),
      shape: [1] + item.dimensions.dropLast() + reduction.lastDimensions(width))
    if hook.spec.isInput { description.flags.insert(.input) }
    if batch.isIntervened { description.flags.insert(.intervened) }
    if isLastOfPass { description.flags.insert(.lastOfPass) }
    if Self.stride(of: item.positions) == nil { description.flags.insert(.scatteredPositions) }
    guard reduction != .none else {
      let result = batch.withValues(of: item) { values -> Result<FrameBytes, FrameError> in
        Result { () throws(FrameError) in try encoder.encode(values, as: description) }
      }
      return try result.get()
    }
    reduce(item, of: batch, width: width, reduction)
    return try encoder.encode(reduced, as: description)
  }

  private func reduce(
    _ item: CaptureBatch.Item, of batch: CaptureBatch, width: Int, _ reduction: Selection.Reduction
  ) {
    let rows = width > 0 ? item.count / width : 0
    let outWidth = reduction.lastDimension(width) ?? 1
    reduced = [Float](unsafeUninitializedCapacity: rows * outWidth) { out, count in
      batch.withValues(of: item) { values in
        for row in 0..<rows {
          guard let base = out.baseAddress else { break }
          reduction.reduce(
            UnsafeBufferPointer(rebasing: values[row * width..<(row + 1) * width]),
            into: base + row * outWidth)
        }
      }
      count = rows * outWidth
    }
  }

  /// The distance between neighbouring positions, where all have the same; 1 for a single one.
  static func stride(of positions: [Int]) -> Int? {
    guard positions.count > 1 else { return 1 }
    let stride = positions[1] - positions[0]
    for index in 1..<positions.count where positions[index] - positions[index - 1] != stride {
      return nil
    }
    return stride
  }
}
