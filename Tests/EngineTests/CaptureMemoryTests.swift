import Loops
import Synchronization
import TestKit
import Testing

@testable import Engine

/// The account of captures in memory.
@Suite struct CaptureMemoryTests {
  @Test(arguments: 1...10) func `any history keeps the limits, and news of room follow a refusal`(
    seed: UInt64
  ) {
    var chance = SeededGenerator(seed: seed)
    let memory = CaptureMemory(limit: 1000)
    let told = Atomic(0)
    memory.tellOfRoom { told.add(1, ordering: .relaxed) }
    var charges: [(charge: CaptureCharge, client: Int, bytes: Int)] = []
    var isAwaited = false
    for _ in 0..<1000 {
      let before = told.load(ordering: .relaxed)
      if charges.isEmpty || Bool.random(using: &chance) {
        let client = Int.random(in: 0..<3, using: &chance)
        let bytes = Int.random(in: 1...400, using: &chance)
        let own = charges.filter { $0.client == client }.reduce(0) { $0 + $1.bytes }
        let all = charges.reduce(0) { $0 + $1.bytes }
        let charge = memory.reserve(bytes, for: ClientKey("\(client)"))
        #expect((charge != nil) == (own + bytes <= 750 && all + bytes <= 1000))
        if let charge { charges.append((charge, client, bytes)) } else { isAwaited = true }
        #expect(told.load(ordering: .relaxed) == before)
      } else {
        charges.remove(at: Int.random(in: 0..<charges.count, using: &chance))
        #expect(told.load(ordering: .relaxed) == before + (isAwaited ? 1 : 0))
        isAwaited = false
      }
      #expect(memory.byteCount == charges.reduce(0) { $0 + $1.bytes })
    }
    charges.removeAll()
    #expect(memory.byteCount == 0)
  }
}
