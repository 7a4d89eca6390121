internal import Synchronization

/// The place of one unfinished run; it is free when the run is over, or was never made.
package final class RunPlace: Sendable {
  /// The places of a server, and its clock.
  package final class Book: Sendable {
    let places: Mutex<RunPlaces>
    /// Seconds since 1970.
    let clock: @Sendable () -> Int
    /// The path below which clients find the server.
    let base: String

    init(_ places: RunPlaces, base: String, clock: @escaping @Sendable () -> Int) {
      self.places = Mutex(places)
      self.base = base
      self.clock = clock
    }
  }

  private let number: Int
  private let book: Book

  init(_ number: Int, of book: Book) {
    self.number = number
    self.book = book
  }

  deinit { free() }

  func free() { book.places.withLock { $0.free(number) } }

  /// Counts the run as paused while it is being asked to; ``releaseClaim()`` follows.
  func claimPause() throws(RunError) {
    let result = book.places.withLock { places in
      Result { () throws(RunError) in try places.claimPause(number) }
    }
    try result.get()
  }

  func releaseClaim() { book.places.withLock { $0.releaseClaim(number) } }

  func note(isPaused: Bool) {
    book.places.withLock { $0.note(number, isPaused: isPaused, at: .now) }
  }

  /// Notes that somebody watches or commands the run.
  package func touch() { book.places.withLock { $0.touch(number, at: .now) } }

  func due(isWatched: Bool, at now: ContinuousClock.Instant) -> RunPlaces.Due {
    book.places.withLock { $0.due(number, isWatched: isWatched, at: now) }
  }

  func urls(of run: String) -> RunURLs { RunURLs(of: run, below: book.base) }

  /// When the run ends if nobody comes, in seconds since 1970; nil where it does not.
  func expiresAt(viewers: Int) -> Int? {
    guard viewers == 0, let end = book.places.withLock({ $0.end(of: number) }) else { return nil }
    let left = (end - .now).components
    return book.clock() + Int(left.seconds) + (left.attoseconds > 0 ? 1 : 0)
  }
}
