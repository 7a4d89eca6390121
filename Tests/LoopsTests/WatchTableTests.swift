import Synchronization
import Testing

@testable import Loops

/// The memory beside an epoll instance, without one.
@Suite struct WatchTableTests {
  private let called = Called()

  @Test func `the first wish adds a descriptor, another changes it, none removes it`() {
    var table = WatchTable()
    let watch = add(5, to: &table)
    #expect(table.setInterest([], of: watch) == .none)
    #expect(table.setInterest(.reading, of: watch) == .add(.reading))
    #expect(table.setInterest(.reading, of: watch) == .none)
    #expect(table.setInterest([.reading, .writing], of: watch) == .change([.reading, .writing]))
    #expect(table.setInterest(.writing, of: watch) == .change(.writing))
    #expect(table.setInterest([], of: watch) == .remove)
    #expect(table.setInterest(.writing, of: watch) == .add(.writing))
  }

  @Test func `what is forgotten is removed once, and only if the system knows it`() {
    var table = WatchTable()
    let idle = add(5, to: &table)
    #expect(table.remove(idle) == .none)
    let busy = add(5, to: &table)
    _ = table.setInterest(.reading, of: busy)
    #expect(table.remove(busy) == .remove)
    #expect(table.remove(busy) == .none)
    #expect(table.setInterest(.reading, of: busy) == .none)
    #expect(table.count == 0)
  }

  @Test func `an event of an earlier holder of a number reaches nobody`() {
    var table = WatchTable()
    let earlier = add(5, to: &table, name: "earlier")
    _ = table.setInterest(.reading, of: earlier)
    _ = table.remove(earlier)
    let later = add(5, to: &table, name: "later")
    _ = table.setInterest(.reading, of: later)
    let stale = Watch(token: earlier.token)
    #expect(table.handler(for: stale, .reading, ready: .reading) == nil)
    table.handler(for: Watch(token: later.token), .reading, ready: .reading)?()
    #expect(called.names == ["later"])
    #expect(table.remove(earlier) == .none, "the earlier holder cannot remove the later one")
    #expect(table.count == 1)
  }

  @Test func `who is called follows the wish and what is ready`() {
    var table = WatchTable()
    let watch = add(7, to: &table)
    for interest: Interest in [[], .reading, .writing, [.reading, .writing]] {
      _ = table.setInterest(interest, of: watch)
      for ready: Interest in [.reading, .writing, [.reading, .writing], .ended] {
        for wish: Interest in [.reading, .writing] {
          let isDue = interest.contains(wish) && (ready.contains(wish) || ready == .ended)
          #expect((table.handler(for: watch, wish, ready: ready) != nil) == isDue)
        }
      }
    }
  }

  @Test func `tokens keep both numbers, and generations wrap around`() {
    var table = WatchTable(generation: .max)
    for descriptor: Int32 in [0, 1, 1_048_575, .max] {
      let watch = add(descriptor, to: &table)
      #expect(Watch(token: watch.token) == watch)
    }
    #expect(add(3, to: &table).generation == 3)
  }

  private func add(_ descriptor: Int32, to table: inout WatchTable, name: String = "") -> Watch {
    table.add(descriptor, readable: { called.note(name) }, writable: { called.note(name) })
  }
}

/// Who was called, in order.
private final class Called: Sendable {
  private let list = Mutex<[String]>([])
  var names: [String] { list.withLock(\.self) }
  func note(_ name: String) { list.withLock { $0.append(name) } }
}
