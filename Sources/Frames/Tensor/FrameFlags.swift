/// Facts about a frame that take one bit each.
public struct FrameFlags: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt16

  /// Takes bits; those without a meaning are kept.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The quantity as it enters the component, not as it leaves.
  public static let input = Self(rawValue: 1 << 0)
  /// The last frame of a forward pass: the pass is complete for this viewer.
  public static let lastOfPass = Self(rawValue: 1 << 1)
  /// Rows are a selection whose positions are not evenly spaced; the event lists them.
  public static let scatteredPositions = Self(rawValue: 1 << 2)
  /// An intervention applied to a position of this pass.
  public static let intervened = Self(rawValue: 1 << 3)
}
