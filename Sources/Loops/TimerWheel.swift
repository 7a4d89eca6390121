/// Timers in the slots of a wheel, as a value: time is an argument.
///
/// Adding and cancelling cost the same however many timers wait, which matters because nearly every
/// deadline of a connection is cancelled or moved and almost none fires.
package struct TimerWheel: Sendable {
  /// The clock's points in time.
  package typealias Instant = ContinuousClock.Instant
  /// What a timer does.
  package typealias Work = @Sendable () -> Void

  /// The name of one timer.
  package struct Ticket: Sendable, Hashable {
    fileprivate var number: UInt64
    fileprivate var slot: Int
  }

  private struct Entry: Sendable {
    var number: UInt64
    var tick: Int
    var work: Work
  }

  /// How far one slot turns.
  package static let tick: Duration = .milliseconds(50)
  private static let slotCount = 512

  private let start: Instant
  private var slots: [[Entry]]
  private var turned = 0
  private var count = 0
  private var nextNumber: UInt64 = 0

  /// An empty wheel.
  package init(now: Instant) {
    start = now
    slots = Array(repeating: [], count: Self.slotCount)
  }

  /// Whether no timer waits.
  package var isEmpty: Bool { count == 0 }

  /// Adds a timer; a deadline in the past is due at the next turn.
  package mutating func add(at deadline: Instant, _ work: @escaping Work) -> Ticket {
    let tick = max(turned + 1, Self.ticks(deadline - start, roundingUp: true))
    let ticket = Ticket(number: nextNumber, slot: tick % Self.slotCount)
    slots[ticket.slot].append(Entry(number: nextNumber, tick: tick, work: work))
    nextNumber += 1
    count += 1
    return ticket
  }

  /// Forgets a timer; one that has fired is forgotten already.
  package mutating func cancel(_ ticket: Ticket) {
    guard let index = slots[ticket.slot].firstIndex(where: { $0.number == ticket.number }) else {
      return
    }
    slots[ticket.slot].remove(at: index)
    count -= 1
  }

  /// Takes out what is due, in order of the deadlines.
  package mutating func turn(to now: Instant) -> [Work] {
    let tick = Self.ticks(now - start, roundingUp: false)
    guard tick > turned else { return [] }
    var due: [Entry] = []
    for passed in (turned + 1)...min(tick, turned + Self.slotCount) {
      let slot = passed % Self.slotCount
      due += slots[slot].filter { $0.tick <= tick }
      slots[slot].removeAll { $0.tick <= tick }
    }
    turned = tick
    count -= due.count
    return due.sorted { ($0.tick, $0.number) < ($1.tick, $1.number) }.map(\.work)
  }

  private static func ticks(_ duration: Duration, roundingUp: Bool) -> Int {
    // A century keeps the sums far from overflow, and nobody waits longer.
    let bounded = max(.zero, min(duration, .seconds(100 * 365 * 86_400)))
    let whole = Int(bounded / tick)
    return roundingUp && tick * whole < bounded ? whole + 1 : whole
  }
}
