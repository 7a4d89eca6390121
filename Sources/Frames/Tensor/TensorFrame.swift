/// What one captured tensor is: everything a frame says besides its numbers.
///
/// The layout of the bytes is drawn in `Protocol/frames.md`.
public struct TensorFrame: Hashable, Sendable {
  /// What the numbers are.
  public var kind: FrameKind
  /// How they are stored.
  public var elementType: FrameElementType
  /// How the bytes are packed.
  ///
  /// An encoder falls back to `raw` when packing saves nothing.
  public var codec: FrameCodec
  /// Facts of one bit.
  public var flags: FrameFlags
  /// The event's number in its run.
  public var sequence: UInt64
  /// Which forward pass of the run: 0 is the prompt's, each later one is a generated token's.
  public var step: UInt32
  /// The position in the sequence of tokens that the first row belongs to.
  public var firstPosition: UInt32
  /// From one row's position to the next one's; 0 when rows are not positions.
  public var positionStride: UInt32
  /// Which hook of the run, counted as in `run.started`.
  public var hookIndex: UInt32
  /// The layer, counted from 0; nil for quantities outside the layers.
  public var layer: Int32?
  /// Which quantity of the layer.
  public var component: FrameComponent
  /// The dimensions, outermost first; the numbers are row-major.
  public var shape: [Int]

  /// Describes a tensor; everything but the shape has a usual value.
  public init(
    kind: FrameKind = .activation, elementType: FrameElementType = .bfloat16,
    codec: FrameCodec = .planes, flags: FrameFlags = [], sequence: UInt64 = 0, step: UInt32 = 0,
    firstPosition: UInt32 = 0, positionStride: UInt32 = 1, hookIndex: UInt32 = 0,
    layer: Int32? = nil, component: FrameComponent = .other, shape: [Int]
  ) {
    self.kind = kind
    self.elementType = elementType
    self.codec = codec
    self.flags = flags
    self.sequence = sequence
    self.step = step
    self.firstPosition = firstPosition
    self.positionStride = positionStride
    self.hookIndex = hookIndex
    self.layer = layer
    self.component = component
    self.shape = shape
  }

  /// Whether the quantity was taken as it entered its component.
  public var isInput: Bool { flags.contains(.input) }

  /// The number of elements, or nil when the dimensions multiply past an `Int`.
  public var elementCount: Int? { FrameShape.count(shape) }
}
