import Foundation
import Glibc
import Synchronization
import TestKit
import Testing

@testable import Loops

/// A poller over real descriptors: who is called, and what the system is left with.
@Suite struct PollerTests {
  private let loop = Loop(label: "test")

  /// Two connected descriptors; closes what is left of them.
  private final class Pair: @unchecked Sendable {
    // Proof for @unchecked: the numbers are written on the loop only, after the pair is made.
    var near: Int32 = -1
    var far: Int32 = -1
    var watch: Watch?

    init() {
      var numbers: [Int32] = [-1, -1]
      let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
      guard socketpair(AF_UNIX, type, 0, &numbers) == 0 else { return }
      near = numbers[0]
      far = numbers[1]
    }

    func write() { _ = Glibc.write(far, "x", 1) }
    func drain() {
      var bytes = [UInt8](repeating: 0, count: 64)
      while Glibc.read(near, &bytes, 64) > 0 {}
    }
    func closeFar() {
      if far >= 0 { Glibc.close(far) }
      far = -1
    }
    func closeNear() {
      if near >= 0 { Glibc.close(near) }
      near = -1
    }
    deinit {
      closeNear()
      closeFar()
    }
  }

  /// Counts, on the loop.
  private final class Count: Sendable {
    private let number = Mutex(0)
    var value: Int { number.withLock(\.self) }
    func add() { number.withLock { $0 += 1 } }
  }

  /// Runs on the loop and answers.
  private func onLoop<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      loop.execute { continuation.resume(returning: body()) }
    }
  }

  /// Lets the poller handle whatever is ready, and comes back behind it.
  private func settle() async throws {
    let witness = Pair()
    let poller = try loop.readiness()
    // Twice, as a batch may leave the witness for the next one.
    for _ in 0..<2 {
      await withCheckedContinuation { continuation in
        let once = Mutex(true)
        let watch = poller.add(
          witness.near, readable: {},
          writable: {
            if once.withLock({ once in
              defer { once = false }
              return once
            }) {
              if let watch = witness.watch { poller.remove(watch) }
              continuation.resume()
            }
          })
        loop.execute {
          witness.watch = watch
          try? poller.setInterest(.writing, of: watch)
        }
      }
    }
  }

  @Test func `a descriptor is told of while it is ready and wished for`() async throws {
    let (poller, pair, count) = (try loop.readiness(), Pair(), Count())
    let watch = poller.add(
      pair.near,
      readable: {
        count.add()
        if count.value % 3 == 0, let watch = pair.watch {
          try? poller.setInterest([], of: watch)
        }
      }, writable: {})
    pair.watch = watch
    pair.write()
    try await settle()
    #expect(count.value == 0, "nothing is wished yet")
    for round in 1...3 {
      try poller.setInterest(.reading, of: watch)
      while count.value < 3 * round { try await settle() }
      try await settle()
      #expect(count.value == 3 * round, "unread bytes are told again, until the wish ends")
    }
    poller.remove(watch)
  }

  @Test func `handlers of one batch may close each other and use the numbers again`() async throws {
    let poller = try loop.readiness()
    for _ in 0..<50 {
      let pairs = (Pair(), Pair())
      let (stale, fresh, replacement) = (Count(), Count(), Pair())
      // Both become ready in one job of the loop, so one batch has both. Whoever is first closes
      // the other and gives its number to a pair that is not ready.
      await onLoop {
        for (mine, other) in [(pairs.0, pairs.1), (pairs.1, pairs.0)] {
          mine.watch = poller.add(
            mine.near,
            readable: {
              stale.add()
              mine.drain()
              guard let watch = other.watch else { return }
              poller.remove(watch)
              other.watch = nil
              dup2(replacement.near, other.near)
              let watchAgain = poller.add(other.near, readable: { fresh.add() }, writable: {})
              try? poller.setInterest(.reading, of: watchAgain)
              replacement.watch = watchAgain
            }, writable: {})
          mine.write()
        }
        for pair in [pairs.0, pairs.1] {
          guard let watch = pair.watch else { return }
          try? poller.setInterest(.reading, of: watch)
        }
      }
      while stale.value == 0 { try await settle() }
      try await settle()
      #expect(stale.value == 1, "the other's event was dropped")
      #expect(fresh.value == 0, "and did not reach the new holder of its number")
      await onLoop { replacement.write() }
      while fresh.value == 0 { try await settle() }
      await onLoop {
        for watch in [pairs.0.watch, pairs.1.watch, replacement.watch] {
          if let watch { poller.remove(watch) }
        }
      }
    }
    #expect(poller.count == 0)
  }

  @Test func `who goes in one handler is not called in the other`() async throws {
    let (poller, pair) = (try loop.readiness(), Pair())
    let calls = Mutex<[String]>([])
    pair.write()
    let watch = poller.add(
      pair.near,
      readable: {
        calls.withLock { $0.append("readable") }
        if let watch = pair.watch { poller.remove(watch) }
        pair.closeNear()
      }, writable: { calls.withLock { $0.append("writable") } })
    await onLoop {
      pair.watch = watch
      try? poller.setInterest([.reading, .writing], of: watch)
    }
    while calls.withLock(\.isEmpty) { try await settle() }
    try await settle()
    #expect(calls.withLock(\.self) == ["readable"])
  }

  @Test(arguments: [Interest.reading, .writing])
  func `a peer's end is told to whoever waits, and to nobody else`(wish: Interest) async throws {
    let (poller, pair) = (try loop.readiness(), Pair())
    let (calls, others) = (Count(), Count())
    let watch = poller.add(
      pair.near, readable: { (wish == .reading ? calls : others).add() },
      writable: { (wish == .writing ? calls : others).add() })
    await onLoop {
      try? poller.setInterest(.writing, of: watch)
      try? poller.setInterest([], of: watch)
    }
    pair.closeFar()
    try await settle()
    #expect(calls.value + others.value == 0)
    #expect(try systemList(poller) == [:], "without a wish it would be told for ever")
    try poller.setInterest(wish, of: watch)
    while calls.value == 0 { try await settle() }
    poller.remove(watch)
    #expect(others.value == 0)
  }

  @Test func `many are ready at once, and each is told`() async throws {
    let poller = try loop.readiness()
    let pairs = (0..<(5 * Poller.batch)).map { _ in Pair() }
    let counts = pairs.map { _ in Count() }
    await onLoop {
      for (pair, count) in zip(pairs, counts) {
        let watch = poller.add(
          pair.near,
          readable: {
            pair.drain()
            count.add()
          }, writable: {})
        pair.watch = watch
        pair.write()
        try? poller.setInterest(.reading, of: watch)
      }
    }
    while counts.contains(where: { $0.value == 0 }) { try await settle() }
    #expect(counts.allSatisfy { $0.value == 1 })
    for pair in pairs { if let watch = pair.watch { poller.remove(watch) } }
    #expect(try systemList(poller) == [:])
  }

  @Test func `other work of the loop waits for one batch at most`() async throws {
    let poller = try loop.readiness()
    let pairs = (0..<(4 * Poller.batch)).map { _ in Pair() }
    let count = Count()
    let loop = loop
    // Always writable, and never satisfied.
    let (begun, atJob): (Int, Int) = await withCheckedContinuation { continuation in
      let isPosted = Mutex(false)
      loop.execute {
        for pair in pairs {
          let watch = poller.add(
            pair.near, readable: {},
            writable: {
              count.add()
              let isFirst = isPosted.withLock { posted in
                defer { posted = true }
                return !posted
              }
              let begun = count.value
              guard isFirst else { return }
              loop.execute { continuation.resume(returning: (begun, count.value)) }
            })
          pair.watch = watch
          try? poller.setInterest(.writing, of: watch)
        }
      }
    }
    for pair in pairs { if let watch = pair.watch { poller.remove(watch) } }
    #expect(atJob - begun < Poller.batch)
  }

  @Test(arguments: 0..<8)
  func `after any history the system watches what the table says`(seed: UInt64) async throws {
    let poller = try loop.readiness()
    let history = Mutex(SeededGenerator(seed: seed))
    let live = Mutex<[(pair: Pair, watch: Watch, interest: Interest)]>([])
    for _ in 0..<40 {
      await onLoop {
        for _ in 0..<25 {
          history.withLock { random in
            live.withLock { live in step(&live, poller, &random) }
          }
        }
      }
    }
    var wished: [Int32: UInt64] = [:]
    for entry in live.withLock(\.self) where !entry.interest.isEmpty {
      wished[entry.watch.descriptor] = entry.watch.token
    }
    #expect(try systemList(poller) == wished)
    #expect(poller.count == live.withLock(\.count))
    for entry in live.withLock(\.self) { poller.remove(entry.watch) }
    #expect(try systemList(poller) == [:])
  }

  private func step(
    _ live: inout [(pair: Pair, watch: Watch, interest: Interest)], _ poller: Poller,
    _ random: inout SeededGenerator
  ) {
    let index = live.indices.randomElement(using: &random)
    switch (Int.random(in: 0..<6, using: &random), index) {
    case (0, _) where live.count < 40, (_, nil):
      let pair = Pair()
      let watch = poller.add(pair.near, readable: { pair.drain() }, writable: {})
      live.append((pair, watch, []))
    case (1, let index?):
      poller.remove(live[index].watch)
      live[index].pair.closeNear()
      live.remove(at: index)
    case (2, let index?): live[index].pair.write()
    case (3, let index?) where Bool.random(using: &random): live[index].pair.closeFar()
    case (_, let index?):
      let interest = Interest(rawValue: UInt32.random(in: 0..<4, using: &random))
      try? poller.setInterest(interest, of: live[index].watch)
      live[index].interest = interest
    }
  }

  /// What the system says it watches: descriptors and the tokens given with them.
  private func systemList(_ poller: Poller) throws -> [Int32: UInt64] {
    let text = try String(contentsOfFile: "/proc/self/fdinfo/\(poller.poller)", encoding: .utf8)
    var found: [Int32: UInt64] = [:]
    for line in text.split(separator: "\n") where line.hasPrefix("tfd:") {
      let words = line.split(whereSeparator: { $0 == " " || $0 == ":" })
      guard words.count > 5, let number = Int32(words[1]) else { continue }
      found[number] = UInt64(words[5], radix: 16)
    }
    return found
  }
}
