internal import Frames
internal import Runs

/// A captured tensor on its way into an answer.
struct CapturedTensor: Sendable {
  /// The tensor and what is told of it.
  let event: ActivationEvent
  /// How its numbers are written, where its hook says so itself.
  let encoding: TensorEncoding?

  /// A run's tensor.
  init(_ event: ActivationEvent, hooks: [RunHook]) {
    self.event = event
    let index = event.hook.index
    encoding = hooks.indices.contains(index) ? hooks[index].encoding : nil
  }

  /// A tensor that came in no run.
  init(_ tensor: HarvestedPrompt.Tensor) {
    event = tensor.event
    encoding = tensor.hook.encoding
  }

  var hookID: String { event.hook.id }

  var frame: FrameBytes { event.frame }
}
