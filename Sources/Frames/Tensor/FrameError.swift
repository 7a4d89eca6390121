/// Why bytes are not a frame, or a tensor cannot become one; each case carries what was found.
public enum FrameError: Error, Hashable, Sendable {
  /// The first four bytes are not `NSTF`.
  case magic(found: UInt32)
  /// A version this library does not read.
  case version(found: Int)
  /// The header's own length is too short for its dimensions, too long, or not a multiple of 8.
  case headerLength(found: Int)
  /// A number in the header that has no meaning: which field, and the number.
  case field(HeaderField, found: Int)
  /// The dimensions multiply past any memory, or there are too many.
  case shape([Int])
  /// The length before packing does not follow from type and dimensions.
  case rawLength(expected: Int, found: UInt64)
  /// The length of the payload is impossible for its codec.
  case payloadLength(found: UInt64)
  /// The tensor is larger than the reader allows.
  case limit(bytes: Int, allowed: Int)
  /// The checksum in the frame is not that of its bytes.
  case checksum(stored: UInt32, computed: UInt32)
  /// The bytes end inside a frame.
  case truncated(expected: Int, found: Int)
  /// Bytes follow the one frame that was asked for.
  case trailingBytes(Int)
  /// A packed plane does not expand to exactly the bytes it stands for.
  case plane(index: Int)
  /// The numbers handed over are not as many as the shape says.
  case elementCount(expected: Int, found: Int)
  /// Floating-point numbers were asked of integers, or the reverse.
  case elementType(FrameElementType)
  /// The compression library has no memory.
  case outOfMemory

  /// A field of the header that can hold an impossible number.
  public enum HeaderField: String, Hashable, Sendable {
    case elementType, codec, rank, layer, reserved, padding
  }
}
