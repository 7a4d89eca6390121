internal import Streams
internal import DequeModule
internal import Hooks
internal import Loops

/// Framing of large passes on threads that all runs share, a slice at a time.
///
/// The publishing loop is every run's: what takes long is done elsewhere, in slices that queue with those of other runs, and
/// comes back in order. While a slice is away nothing of its run is published, so events, frames and their numbers
/// are those that framing on the loop gives.
extension Run {
  /// The next part of a pass that is framed elsewhere; nil where what is left is little.
  func nextSlice(of batch: CaptureBatch, from first: Int) -> FramingSlice? {
    guard queue.framing != nil, let sequence = outlet.nextSequence else { return nil }
    let places = FramingSlice.places(of: batch, from: first)
    let bytes = batch.items[places].reduce(0) { $0 + batch.framingBytes(of: $1) }
    guard bytes > FramingSlice.least else { return nil }
    return FramingSlice(
      batch: batch, places: places, hooks: progress.hooks(of: batch), firstSequence: sequence)
  }

  /// Has a slice framed, and goes on when it is back.
  func frame(_ slice: FramingSlice) {
    guard let framing = queue.beginFraming() else { return }
    Task.detached(executorPreference: services.framers) { [self] in
      let made = slice.frames(framing)
      await take(made, of: slice)
    }
  }

  private func take(_ made: [FramingSlice.Made], of slice: FramingSlice) {
    queue.endFraming()
    var next = slice.places.upperBound
    for one in made {
      // What came between, such as the news that the recording stopped, has taken the number.
      guard outlet.nextSequence == one.sequence else {
        next = one.place
        break
      }
      _ = publish(one.place, of: slice.batch, made: one)
    }
    outlet.announce()
    if next < slice.batch.items.count {
      queue.prepend(.captures(slice.batch, from: next))
    } else {
      finish(slice.batch)
    }
    pump()
    queue.wakeSettling()
  }
}
