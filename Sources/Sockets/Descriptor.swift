/// A file descriptor with one owner; closes itself when the owner lets it go.
struct Descriptor: ~Copyable, Sendable {
  private let number: Int32

  init(_ number: Int32) {
    self.number = number
  }

  deinit { Fence.close(number) }

  /// Hands the number over; whoever takes it closes it.
  consuming func release() -> Int32 {
    let number = number
    discard self
    return number
  }
}
