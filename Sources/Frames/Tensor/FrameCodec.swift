/// How the bytes of a frame's numbers are packed.
public enum FrameCodec: UInt8, Hashable, Sendable, CaseIterable {
  /// As they are: a view of the payload is the tensor.
  case raw = 0
  /// One zlib stream (RFC 1950) over all of them.
  case deflate = 1
  /// Split into planes of equal significance, each raw or a zlib stream, whichever is shorter.
  case planes = 2

  /// The name used in JSON (`frames.codec`).
  public var name: String {
    switch self {
    case .raw: "raw"
    case .deflate: "deflate"
    case .planes: "planes"
    }
  }

  /// The codec of that name.
  public init?(name: String) {
    guard let codec = Self.allCases.first(where: { $0.name == name.lowercased() }) else {
      return nil
    }
    self = codec
  }
}
