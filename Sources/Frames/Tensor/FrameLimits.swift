/// What a reader of frames accepts; checked before memory is taken.
public struct FrameLimits: Hashable, Sendable {
  /// Bytes of one tensor before packing and after.
  public let tensorBytes: Int

  /// The bounds used when nothing is said: 256 MiB a tensor.
  public static let standard = FrameLimits(tensorBytes: 256 << 20)

  /// Sets the bounds; more than 1 TiB a tensor is never accepted.
  public init(tensorBytes: Int) { self.tensorBytes = min(max(tensorBytes, 0), 1 << 40) }
}
