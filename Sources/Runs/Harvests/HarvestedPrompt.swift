package import Frames
package import Hooks

/// The tensors of one prompt of a harvest, in the order of its hooks.
package struct HarvestedPrompt: Sendable {
  /// One tensor and what is known of it.
  package struct Tensor: Sendable {
    /// Its hook, of those of the order.
    package let hook: RunHook
    /// The positions that are kept of the prompt.
    package let positions: [Int]
    package let frame: FrameBytes
  }

  /// The prompt's place in its order.
  package let index: Int
  /// The ids of its tokens, where they were asked for: a frame of indices whose hook is the one behind all hooks.
  package private(set) var tokens: FrameBytes?
  package let tensors: [Tensor]

  /// Frames what a pass captured; all frames have the prompt's place as their sequence number, the last one is marked.
  package init(
    _ captures: CaptureBatch?, of index: Int, hooks: [RunHook]
  ) throws(FrameError) {
    self.index = index
    guard let captures else {
      tensors = []
      return
    }
    let framing = try Framing()
    var tensors: [Tensor] = []
    tensors.reserveCapacity(captures.items.count)
    for (place, item) in captures.items.enumerated() {
      let hook = hooks[item.spec]
      let frame = try framing.frame(
        item, of: captures, hook: hook, sequence: UInt64(index),
        isLastOfPass: place == captures.items.count - 1)
      tensors.append(Tensor(hook: hook, positions: item.positions, frame: frame))
    }
    self.tensors = tensors
  }
}

extension HarvestedPrompt {
  /// What a harvest's pass captured of one of its prompts.
  init(_ captures: CaptureBatch?, of index: Int, in order: HarvestOrder) throws(FrameError) {
    try self.init(captures, of: index, hooks: order.hooks)
    guard order.tellsTokens else { return }
    let ids = order.prompts[index]
    let description = TensorFrame(
      kind: .indices, elementType: .uint32, codec: .raw, sequence: UInt64(index),
      hookIndex: UInt32(clamping: order.hooks.count), shape: [ids.count])
    tokens = try FrameEncoder().encode(
      indices: ids.map { UInt32(clamping: $0) }, as: description)
  }

  /// Its frames in the order in which they are sent.
  package var frames: [FrameBytes] { [tokens].compactMap(\.self) + tensors.map(\.frame) }
}

extension HarvestedPrompt.Tensor {
  /// The tensor as runs tell theirs; it came in none.
  package var event: ActivationEvent {
    ActivationEvent(
      hook: hook.event, run: "", sequence: frame.frame.sequence, milliseconds: 0,
      positions: positions, frame: frame)
  }
}
