/// The name of one descriptor's time in a loop's poller.
///
/// The number of a descriptor is used again as soon as it is closed. The generation tells one time from
/// the next, so nothing that was meant for the old holder of a number ever reaches the new one.
package struct Watch: Sendable, Hashable {
  /// The descriptor.
  package let descriptor: Int32
  let generation: UInt32

  init(descriptor: Int32, generation: UInt32) {
    self.descriptor = descriptor
    self.generation = generation
  }

  init(token: UInt64) {
    descriptor = Int32(truncatingIfNeeded: token)
    generation = UInt32(truncatingIfNeeded: token >> 32)
  }

  /// Both numbers in one, as the system keeps them beside the descriptor.
  var token: UInt64 { UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor)) }
}
