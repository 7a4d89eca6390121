import Loops
import TestKit
import Testing

@Suite struct ClientBytesTests {
  @Test func `a client has three fourths at most, and all together no more than there is`() {
    var bytes = ClientBytes(limit: 100)
    let (one, other) = (ClientKey("one"), ClientKey("other"))
    let refused = bytes.take(76, for: one)
    #expect(!refused && bytes.total == 0)
    let taken = bytes.take(75, for: one) && bytes.take(25, for: other)
    #expect(taken && bytes.total == 100)
    let beyond = bytes.take(1, for: other)
    #expect(!beyond && bytes.total == 100)
    bytes.giveBack(75, of: one)
    let again = bytes.take(50, for: other)
    #expect(again && bytes.total == 75)
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func `any history leaves nothing behind once all is given back`(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    var bytes = ClientBytes(limit: Int.random(in: 0...200, using: &chance))
    var held: [(ClientKey, Int)] = []
    for _ in 0..<200 {
      if Bool.random(using: &chance), !held.isEmpty {
        let (client, count) = held.remove(at: Int.random(in: held.indices, using: &chance))
        bytes.giveBack(count, of: client)
      } else {
        let client = ClientKey("\(Int.random(in: 0..<4, using: &chance))")
        let count = Int.random(in: 0...60, using: &chance)
        if bytes.take(count, for: client) { held.append((client, count)) }
      }
      #expect(bytes.total == held.reduce(0) { $0 + $1.1 } && bytes.total <= bytes.limit)
      for client in Set(held.map(\.0)) {
        #expect(held.reduce(0) { $0 + ($1.0 == client ? $1.1 : 0) } <= bytes.limitOfOne)
      }
    }
    for (client, count) in held { bytes.giveBack(count, of: client) }
    let all = bytes.take(bytes.limitOfOne, for: ClientKey("0"))
    #expect(all && bytes.total == bytes.limitOfOne)
  }
}
