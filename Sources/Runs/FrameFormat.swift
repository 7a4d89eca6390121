package import Frames

/// How the tensors of a run become frames.
package struct FrameFormat: Sendable, Hashable {
  package var elementType: FrameElementType
  package var codec: FrameCodec

  /// The default of live viewing: half the bytes, then split into planes.
  package static let live = FrameFormat(elementType: .bfloat16, codec: .planes)
  /// The names of element types that may be asked for; counts and indices are integers by themselves.
  package static let dtypes = FrameElementType.allCases.filter { $0 != .uint32 }.map(\.name)
  package static let codecs = FrameCodec.allCases.map(\.name)
  /// Exact, as the documented chat endpoint answers.
  package static let exact = FrameFormat(elementType: .float32, codec: .raw)

  /// The name of its element type, as clients write it.
  var dtype: String { elementType.name }
  /// Whether frames hold the numbers as they are captured.
  var isExact: Bool { elementType == .float32 }

  package init(elementType: FrameElementType, codec: FrameCodec) {
    self.elementType = elementType
    self.codec = codec
  }
}
