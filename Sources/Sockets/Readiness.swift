import Loops

/// What the owner of one descriptor wishes to be told of it, in its loop's poller.
///
/// Manners that this type keeps: room to write is wished for only with bytes pending, or it would be
/// told for ever; a descriptor leaves the poller before it is closed, so that nothing of it is left
/// when its number is used again.
///
/// - Isolation: used on the loop. It may be let go anywhere, and then frees the descriptor.
final class Readiness {
  private let descriptor: Int32
  private let loop: Loop
  private let readable: @Sendable () -> Void
  private let writable: @Sendable () -> Void
  private var place: (poller: Poller, watch: Watch)?
  private var interest: Interest = []
  private var isCancelled = false
  /// Why the system does not watch the descriptor: its error number.
  ///
  /// Gone when a later wish succeeds.
  private(set) var failure: Int32?

  /// Takes a descriptor over; nothing is wished of it yet.
  init(
    descriptor: Int32, loop: Loop, readable: @escaping @Sendable () -> Void,
    writable: @escaping @Sendable () -> Void
  ) {
    self.descriptor = descriptor
    self.loop = loop
    self.readable = readable
    self.writable = writable
  }

  var isReading: Bool { interest.contains(.reading) }

  /// Has `readable` called, or not.
  func setReading(_ wanted: Bool) { set(.reading, wanted) }

  /// Has `writable` called, or not.
  func setWriting(_ wanted: Bool) { set(.writing, wanted) }

  private func set(_ wish: Interest, _ wanted: Bool) {
    guard interest.contains(wish) != wanted, !isCancelled else { return }
    let wished = wanted ? interest.union(wish) : interest.subtracting(wish)
    do throws(PollerError) {
      let (poller, watch) = try entered()
      try poller.setInterest(wished, of: watch)
      interest = wished
      failure = nil
    } catch {
      interest = []
      failure = error.code
      // Nobody will call the owner for this descriptor, so it is called once now, to find out.
      loop.execute(readable)
    }
  }

  private func entered() throws(PollerError) -> (poller: Poller, watch: Watch) {
    if let place { return place }
    let poller = try loop.readiness()
    let made = (poller, poller.add(descriptor, readable: readable, writable: writable))
    place = made
    return made
  }

  /// Leaves the poller and closes the descriptor, both at once.
  func cancel() {
    guard !isCancelled else { return }
    isCancelled = true
    if let place { place.poller.remove(place.watch) }
    Fence.close(descriptor)
  }

  deinit { cancel() }
}
