/// What a frame's numbers are.
public struct FrameKind: RawRepresentable, Hashable, Sendable {
  /// The number.
  public let rawValue: UInt8

  /// Takes a number, known here or not.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A captured quantity itself, or the selected part of it.
  public static let activation = Self(rawValue: 1)
  /// A reduction of one: norms, statistics, a histogram, values of a top-k.
  public static let reduction = Self(rawValue: 2)
  /// Where the values of a reduction were found, as `uint32`.
  public static let indices = Self(rawValue: 3)
  /// The result of an analysis.
  public static let analysis = Self(rawValue: 4)
}
