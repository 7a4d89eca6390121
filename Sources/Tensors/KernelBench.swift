internal import CKernels

/// Measures the kernels, and beside them what the machine's memory and arithmetic can do at best.
///
/// Each figure is the best of several repeats: what the kernel can do, not what a busy machine let it do.
package struct KernelBench: Sendable {
  /// A matrix to measure with, larger than any cache.
  package struct Size: Sendable, Hashable {
    /// Bytes of weights per matrix.
    package var bytes = 128 << 20
    /// Columns; rounded up to whole blocks.
    package var columns = 2048
    /// Rows of activations in the prompt measurement.
    package var prompt = 512
    /// Bytes of weights in the prompt measurement, which reads each weight many times.
    package var promptBytes = 4 << 20

    package init() {}
  }

  /// One measured product.
  package struct Row: Sendable, Hashable {
    /// The weight type, as its file names it.
    package let type: String
    /// Rows of activations multiplied together.
    package let activations: Int
    /// Bytes of weights read a second, in 10⁹.
    package let gigabytesPerSecond: Double
    /// Multiplications and additions a second, in 10⁹.
    package let gigaflopsPerSecond: Double
  }

  /// What the machine can do at best with the same threads and instructions.
  package struct Machine: Sendable, Hashable {
    /// Bytes read a second from memory, in 10⁹.
    package let readGigabytesPerSecond: Double
    /// Float32 multiplications and additions a second from registers, in 10⁹.
    package let peakGigaflopsPerSecond: Double
  }

  package let arithmetic: Arithmetic
  package let size: Size
  package let repeats: Int

  package init(
    threads: Int, instructionSet: InstructionSet = .best, numerics: Numerics = .exact,
    size: Size = Size(), repeats: Int = 5
  ) {
    arithmetic = Arithmetic(threads: threads, instructionSet: instructionSet, numerics: numerics)
    self.size = size
    self.repeats = max(1, repeats)
  }

  /// Names of everything ``measure(_:activations:)`` takes, in the order of the format table.
  package static let typeNames = ElementType.all.map(\.name) + ["MLX-4", "MLX-8", "MXFP4-split"]

  /// Measures memory and arithmetic.
  package func machine() -> Machine {
    let bytes = Filler(count: max(size.bytes, 1 << 20) / 4096 * 4096)
    let team = arithmetic.team
    let kernels = arithmetic.kernels
    let parts = team.threads * 8
    let sink = Filler(count: parts * 64)
    let part = bytes.buffer.count / parts / 256 * 256
    let reading = best {
      team.run(parts: parts) { index in
        guard let base = bytes.base, let out = sink.words else { return }
        out[index * 8] = kernels.pointee.read_bytes(base + index * part, Int64(part))
      }
    }
    withExtendedLifetime(bytes) {}
    let rounds = 200_000
    let adding = best {
      team.run(parts: parts) { index in
        guard let out = sink.words else { return }
        out[index * 8] = UInt64(kernels.pointee.multiply_adds(Int64(rounds)).bitPattern)
      }
    }
    withExtendedLifetime(sink) {}
    return Machine(
      readGigabytesPerSecond: Double(part * parts) / reading / 1e9,
      peakGigaflopsPerSecond: Double(rounds * 384 * parts) / adding / 1e9)
  }

  /// Measures products of one weight type with each number of activation rows; nil for an unknown name.
  package func measure(_ type: String, activations: [Int] = [1, 2, 4, 8]) -> [Row]? {
    guard Self.typeNames.contains(type) else { return nil }
    return activations.compactMap { count in
      matrix(type, bytes: count >= 32 ? size.promptBytes : size.bytes).map { matrix in
        let x = FloatSlab(count: count * matrix.columns)
        let y = FloatSlab(count: count * matrix.rows)
        for index in 0..<x.count { x.base[index] = Float(index % 17) - 8 }
        let seconds = best {
          arithmetic.add(
            matrix, x.rows(count, width: matrix.columns), into: y.rows(count, width: matrix.rows),
            policy: count >= 32 ? .panel : .single)
          arithmetic.run()
        }
        withExtendedLifetime((x, y)) {}
        let operations = 2 * Double(matrix.rows) * Double(matrix.columns) * Double(count)
        return Row(
          type: type, activations: count,
          gigabytesPerSecond: Double(matrix.byteCount) / seconds / 1e9,
          gigaflopsPerSecond: operations / seconds / 1e9)
      }
    }
  }

  private func best(_ body: () -> Void) -> Double {
    body()  // touches every page once
    return (0..<repeats).map { _ in
      let time = ContinuousClock().measure(body).components
      return Double(time.seconds) + Double(time.attoseconds) / 1e18
    }.min() ?? 0
  }

  private func matrix(_ type: String, bytes: Int) -> WeightMatrix? {
    let columns = (size.columns + 255) / 256 * 256
    switch type {
    case "MLX-4", "MLX-8":
      let bits = type == "MLX-4" ? 4 : 8
      let rows = max(1, bytes / (columns * bits / 8))
      let scales = Filler(count: rows * columns / 64 * 2)
      let codes = Filler(count: rows * columns * bits / 8, beside: scales)
      return try? WeightMatrix(
        affineBits: bits, group: 64, rows: rows, columns: columns, codes: codes.buffer,
        scales: scales.buffer, biases: scales.buffer, scaleType: .bf16, owner: codes)
    case "MXFP4-split":
      let rows = max(1, bytes / (columns / 2))
      let scales = Filler(count: rows * columns / 32)
      let blocks = Filler(count: rows * columns / 2, beside: scales)
      return try? WeightMatrix(
        mxfp4Rows: rows, columns: columns, blocks: blocks.buffer, scales: scales.buffer,
        owner: blocks)
    default:
      guard let element = ElementType.all.first(where: { $0.name == type }),
        let rowBytes = element.byteCount(columns: columns)
      else { return nil }
      let rows = max(1, bytes / rowBytes)
      let filler = Filler(count: rows * rowBytes)
      return try? WeightMatrix(
        element, rows: rows, columns: columns, bytes: filler.buffer, owner: filler)
    }
  }

  /// Memory of one repeated byte, which every weight type reads as ordinary numbers.
  private final class Filler: WeightOwner, @unchecked Sendable {
    // Proof for @unchecked: written when made, then only through `words`, by parts at places of their own.
    let buffer: UnsafeRawBufferPointer
    private let beside: Filler?

    init(count: Int, beside: Filler? = nil) {
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 4096)
      memory.initializeMemory(as: UInt8.self, repeating: 0x2c)
      buffer = UnsafeRawBufferPointer(memory)
      self.beside = beside
    }

    var base: UnsafePointer<UInt8>? { buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) }
    var words: UnsafeMutablePointer<UInt64>? {
      UnsafeMutableRawPointer(mutating: buffer.baseAddress)?.assumingMemoryBound(to: UInt64.self)
    }

    deinit { buffer.deallocate() }
  }
}
