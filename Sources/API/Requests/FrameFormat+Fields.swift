internal import Frames
internal import Runs

extension FrameFormat {
  /// Reads `frames: {"dtype", "codec"}`.
  init(_ fields: Fields?) throws(Refusal) {
    self = .live
    guard let fields else { return }
    if let type = try fields.elementType("dtype") { elementType = type }
    if let name = try fields.string("codec") {
      guard let codec = FrameCodec(name: name) else {
        throw .unknownValue(
          field: fields.name("codec"), found: "\"\(name.prefix(80))\"",
          allowed: Self.codecs)
      }
      self.codec = codec
    }
  }
}

extension Fields {
  /// A frame's element type by name, for numbers.
  func elementType(_ member: String) throws(Refusal) -> FrameElementType? {
    guard let name = try string(member) else { return nil }
    guard let type = FrameElementType(name: name), type != .uint32 else {
      throw .unknownValue(
        field: self.name(member), found: "\"\(name.prefix(80))\"",
        allowed: FrameFormat.dtypes)
    }
    return type
  }
}
