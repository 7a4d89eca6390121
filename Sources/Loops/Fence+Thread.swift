internal import CSystem
import Glibc

/// Threads of this room's own, and the memory they leave.
extension Fence {
  /// What a new thread does; taken over by it.
  private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Begins a thread.
  ///
  /// - Parameter niceness: how much it gives way to other threads, 0 to 19.
  /// - Returns: false where the system has no room for one; nothing is run then.
  static func startThread(
    stackBytes: Int, niceness: Int32, _ body: @escaping @Sendable () -> Void
  ) -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackBytes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let whole = Body {
      // On Linux this is the calling thread's alone; what cannot be changed stays as it is.
      if niceness > 0 { _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
      body()
    }
    let passed = Unmanaged.passRetained(whole)
    var thread = pthread_t()
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, passed.toOpaque())
    if status != 0 { passed.release() }
    return status == 0
  }

  /// Gives free memory back to the system.
  static func trimMemory() { free_memory_give_back() }
}
