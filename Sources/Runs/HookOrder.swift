package import Frames
package import Hooks

/// One tensor that a client asked for: where it is taken and how it travels.
package struct HookOrder: Sendable, Hashable {
  package let spec: CaptureSpec
  /// The element type on the wire; nil takes the run's.
  package let dtype: FrameElementType?
  /// The spelling in JSON answers; nil takes the request's.
  package let encoding: TensorEncoding?

  package init(spec: CaptureSpec, dtype: FrameElementType?, encoding: TensorEncoding?) {
    self.spec = spec
    self.dtype = dtype
    self.encoding = encoding
  }

  /// Bytes of one of its numbers in a run whose others travel as they do.
  package func width(in run: FrameFormat) -> Int { (dtype ?? run.elementType).width }

  /// How its tensors travel in a run whose others travel as they do.
  func format(in run: FrameFormat) -> FrameFormat {
    // Counts and indices must stay exact, and a reduction is small anyway.
    guard spec.selection.reduction == .none else { return .exact }
    var format = run
    if let dtype { format.elementType = dtype }
    return format
  }
}
