internal import Tensors

/// Memory of our own for weights that a file stores in an order no product can walk.
package final class OwnedBytes: WeightOwner, @unchecked Sendable {
  // Proof for @unchecked: written only inside `init`, before anyone else can hold it.

  package let bytes: UnsafeRawBufferPointer

  /// Allocates `count` bytes, 64-byte aligned, and lets `fill` write them.
  init(count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    fill(UnsafeMutableRawBufferPointer(rebasing: memory[..<max(count, 0)]))
    bytes = UnsafeRawBufferPointer(memory)
  }

  deinit { bytes.deallocate() }
}
