internal import CKernels

/// The one place that calls the kernels.
enum Fence {
  /// Folds blocks of 64 bytes into the eight words of SHA-256's state; bytes beyond the last whole block are left out.
  static func foldSHA256(_ blocks: UnsafeRawBufferPointer, into state: inout [UInt32]) {
    guard state.count == 8, let base = blocks.bindMemory(to: UInt8.self).baseAddress else {
      return
    }
    state.withUnsafeMutableBufferPointer { words in
      ns_sha256(words.baseAddress, base, blocks.count / 64)
    }
  }
}
