/// Which descriptors a loop watches, for what, and whom to call: the memory beside an epoll instance.
///
/// A value that makes no system call: it says which one is due.
struct WatchTable: Sendable {
  /// What the owner of a descriptor has run.
  typealias Handler = @Sendable () -> Void

  /// What the system must be told.
  enum Step: Sendable, Equatable {
    case none
    case add(Interest)
    case change(Interest)
    case remove
  }

  private struct Entry: Sendable {
    var generation: UInt32
    var interest: Interest
    let readable: Handler
    let writable: Handler
  }

  private var entries: [Int32: Entry] = [:]
  private var nextGeneration: UInt32

  /// An empty table.
  ///
  /// - Parameter generation: the first one; they wrap around, after four billion descriptors.
  init(generation: UInt32 = 0) {
    nextGeneration = generation
  }

  /// How many descriptors are in the table.
  var count: Int { entries.count }

  /// Enters a descriptor, for nothing yet.
  ///
  /// What an earlier holder of the number left behind is forgotten.
  mutating func add(
    _ descriptor: Int32, readable: @escaping Handler, writable: @escaping Handler
  ) -> Watch {
    let watch = Watch(descriptor: descriptor, generation: nextGeneration)
    nextGeneration &+= 1
    entries[descriptor] = Entry(
      generation: watch.generation, interest: [], readable: readable, writable: writable)
    return watch
  }

  /// Notes what is wished now.
  ///
  /// A descriptor of which nothing is wished leaves the system's list: it would report a reset there
  /// again and again, and nobody would fetch it.
  mutating func setInterest(_ interest: Interest, of watch: Watch) -> Step {
    guard let entry = self[watch], entry.interest != interest else { return .none }
    entries[watch.descriptor]?.interest = interest
    if interest.isEmpty { return .remove }
    return entry.interest.isEmpty ? .add(interest) : .change(interest)
  }

  /// Forgets a descriptor.
  mutating func remove(_ watch: Watch) -> Step {
    guard let entry = self[watch] else { return .none }
    entries[watch.descriptor] = nil
    return entry.interest.isEmpty ? .none : .remove
  }

  /// Whom to call, if the descriptor of an event is still the one that it was told of, and the wish
  /// still stands; the end is told to whoever waits, for either.
  func handler(for watch: Watch, _ wish: Interest, ready: Interest) -> Handler? {
    guard let entry = self[watch], entry.interest.contains(wish),
      !ready.isDisjoint(with: [wish, .ended])
    else { return nil }
    return wish == .reading ? entry.readable : entry.writable
  }

  private subscript(_ watch: Watch) -> Entry? {
    guard let entry = entries[watch.descriptor], entry.generation == watch.generation else {
      return nil
    }
    return entry
  }
}
