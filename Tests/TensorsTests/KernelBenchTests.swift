import Testing

@testable import Tensors

@Suite struct KernelBenchTests {
  @Test func `every type can be measured, and so can the machine`() throws {
    var size = KernelBench.Size()
    (size.bytes, size.columns, size.promptBytes) = (1 << 16, 256, 1 << 14)
    let bench = KernelBench(threads: 2, size: size, repeats: 1)
    let machine = bench.machine()
    #expect(machine.readGigabytesPerSecond > 0 && machine.peakGigaflopsPerSecond > 0)
    for type in KernelBench.typeNames {
      let rows = try #require(bench.measure(type, activations: [1, 3, 32]))
      #expect(rows.map(\.activations) == [1, 3, 32])
      #expect(rows.allSatisfy { $0.gigabytesPerSecond > 0 && $0.gigaflopsPerSecond > 0 })
    }
    #expect(bench.measure("Q9_9") == nil)
  }
}
