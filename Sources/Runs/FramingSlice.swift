internal import Frames
internal import Hooks

/// A part of a pass's captures that is framed apart from the publishing loop.
///
/// Which numbers its frames have in the stream is known before: a tensor has one whether it can be framed or not.
struct FramingSlice: Sendable {
  /// What became of one tensor.
  struct Made: Sendable {
    /// Its place in the batch.
    let place: Int
    /// Its number in the stream.
    let sequence: UInt64
    let frame: Result<FrameBytes, FrameError>
  }

  let batch: CaptureBatch
  let places: Range<Int>
  /// The hook of each of the batch's specs; nil for those that nobody is sent.
  let hooks: [RunHook?]
  let firstSequence: UInt64

  /// Bytes of captures below which framing them elsewhere is not worth it.
  static let least = 256 << 10
  /// Bytes of captures in a slice, unless one tensor has more.
  static let most = 1 << 20

  /// The tensors from a place on that a slice holds.
  static func places(of batch: CaptureBatch, from first: Int) -> Range<Int> {
    var end = first
    var bytes = 0
    while end < batch.items.count, bytes < most {
      bytes += batch.framingBytes(of: batch.items[end])
      end += 1
    }
    return first..<end
  }

  func frames(_ framing: Framing) -> [Made] {
    let last = batch.lastForViewers
    var made: [Made] = []
    made.reserveCapacity(places.count)
    for place in places {
      let item = batch.items[place]
      guard let hook = hooks[item.spec] else { continue }
      let sequence = firstSequence + UInt64(made.count)
      let frame = Result { () throws(FrameError) in
        try framing.frame(
          item, of: batch, hook: hook, sequence: sequence, isLastOfPass: place == last)
      }
      made.append(Made(place: place, sequence: sequence, frame: frame))
    }
    return made
  }
}

extension CaptureBatch {
  /// Bytes that framing an item reads: once, or more often where its reduction does.
  func framingBytes(of item: Item) -> Int {
    item.count * MemoryLayout<Float>.size * specs[item.spec].selection.reduction.reads
  }
}
