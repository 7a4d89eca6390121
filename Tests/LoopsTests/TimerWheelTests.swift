import Synchronization
import Testing

@testable import Loops

@Suite struct TimerWheelTests {
  private let start = ContinuousClock.now
  private let fired = Fired()

  @Test func `a timer fires at the first turn after its deadline, never before`() {
    var wheel = TimerWheel(now: start)
    _ = wheel.add(at: start + .milliseconds(120), fired.note("a"))
    run(wheel.turn(to: start + .milliseconds(119)))
    #expect(fired.names == [])
    run(wheel.turn(to: start + .milliseconds(150)))
    #expect(fired.names == ["a"])
    #expect(wheel.isEmpty)
  }

  @Test func `timers that are due together fire in the order of their deadlines`() {
    var wheel = TimerWheel(now: start)
    _ = wheel.add(at: start + .seconds(3), fired.note("late"))
    _ = wheel.add(at: start + .seconds(1), fired.note("early"))
    _ = wheel.add(at: start + .seconds(1), fired.note("early, added later"))
    run(wheel.turn(to: start + .seconds(4)))
    #expect(fired.names == ["early", "early, added later", "late"])
  }

  @Test func `a deadline beyond one turn of the wheel waits for its own turn`() {
    var wheel = TimerWheel(now: start)
    _ = wheel.add(at: start + .seconds(60), fired.note("minute"))
    for second in 1...59 { run(wheel.turn(to: start + .seconds(second))) }
    #expect(fired.names == [])
    run(wheel.turn(to: start + .seconds(61)))
    #expect(fired.names == ["minute"])
  }

  @Test func `a long sleep fires everything once`() {
    var wheel = TimerWheel(now: start)
    for second in 1...100 { _ = wheel.add(at: start + .seconds(second), fired.note("\(second)")) }
    run(wheel.turn(to: start + .seconds(1000)))
    #expect(fired.names == (1...100).map(String.init))
    #expect(wheel.isEmpty)
  }

  @Test func `a cancelled timer does not fire, and cancelling again is harmless`() {
    var wheel = TimerWheel(now: start)
    let ticket = wheel.add(at: start + .seconds(1), fired.note("cancelled"))
    _ = wheel.add(at: start + .seconds(1), fired.note("kept"))
    wheel.cancel(ticket)
    wheel.cancel(ticket)
    run(wheel.turn(to: start + .seconds(2)))
    #expect(fired.names == ["kept"])
  }

  @Test func `a deadline in the past or centuries away is no trap`() {
    var wheel = TimerWheel(now: start)
    _ = wheel.add(at: start - .seconds(5), fired.note("past"))
    _ = wheel.add(at: start + .seconds(Int64.max / 4), fired.note("never"))
    run(wheel.turn(to: start + .seconds(1)))
    #expect(fired.names == ["past"])
    #expect(!wheel.isEmpty)
  }

  private func run(_ due: [TimerWheel.Work]) {
    for work in due { work() }
  }
}

/// What has fired, in order.
private final class Fired: Sendable {
  private let list = Mutex<[String]>([])
  var names: [String] { list.withLock(\.self) }

  func note(_ name: String) -> TimerWheel.Work {
    { self.list.withLock { $0.append(name) } }
  }
}
