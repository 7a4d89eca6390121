import Dispatch

/// The dispatch sources of one descriptor: the only place in the house where they are made.
///
/// Their handlers are not checked for races by the compiler, so each is one call of a closure that
/// enters the owner's actor. Manners of dispatch that this type keeps: a write source fires for ever
/// while there is room, so it is armed only with bytes pending; a suspended source must be resumed
/// before it can be released; a descriptor is closed only after its sources are cancelled.
///
/// - Isolation: made and used on the queue it was made for.
final class Readiness {
  private let descriptor: Int32
  private let queue: DispatchQueue
  private let reader: any DispatchSourceRead
  private var writer: (any DispatchSourceWrite)?
  private let writable: @Sendable () -> Void
  private(set) var isReading = false
  private(set) var isWriting = false
  private var isCancelled = false

  /// Makes sources, not yet armed.
  init(
    descriptor: Int32, queue: DispatchQueue, readable: @escaping @Sendable () -> Void,
    writable: @escaping @Sendable () -> Void
  ) {
    self.descriptor = descriptor
    self.queue = queue
    self.writable = writable
    reader = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    reader.setEventHandler(handler: readable)
  }

  /// Arms or disarms the read source.
  func setReading(_ wanted: Bool) {
    guard wanted != isReading, !isCancelled else { return }
    isReading = wanted
    if wanted { reader.resume() } else { reader.suspend() }
  }

  /// Arms or disarms the write source, which is made when it is first needed.
  func setWriting(_ wanted: Bool) {
    guard wanted != isWriting, !isCancelled else { return }
    isWriting = wanted
    guard wanted else {
      writer?.suspend()
      return
    }
    let source = writer ?? makeWriter()
    writer = source
    source.resume()
  }

  private func makeWriter() -> any DispatchSourceWrite {
    let source = DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
    source.setEventHandler(handler: writable)
    return source
  }

  /// Cancels both sources, then closes the descriptor and calls back, on the queue.
  func cancel(then closed: @escaping @Sendable () -> Void = {}) {
    guard !isCancelled else { return }
    isCancelled = true
    let descriptor = descriptor
    let both = DispatchGroup()
    for source: any DispatchSourceProtocol in [reader, writer].compactMap({ $0 }) {
      both.enter()
      source.setCancelHandler { both.leave() }
      source.cancel()
    }
    if !isReading { reader.resume() }
    if !isWriting { writer?.resume() }
    both.notify(queue: queue) {
      Fence.close(descriptor)
      closed()
    }
  }

  deinit { cancel() }
}
