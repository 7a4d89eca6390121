import Testing

@testable import Loops

/// What a client with limits may have, by a clock that the test sets.
@Suite struct ClientAllowanceTests {
  private let start = ContinuousClock.now

  private func allowance(_ name: ClientLimits.Name, _ value: Int) -> ClientAllowance {
    let allowance = ClientAllowance(of: "class")
    allowance.limits[name] = value
    return allowance
  }

  /// Seconds until tokens may be spent again; nil where they may.
  private func wait(_ allowance: ClientAllowance, _ seconds: Double) -> Int? {
    do throws(LimitReached) {
      try allowance.checkTokens(at: start + .seconds(seconds))
      return nil
    } catch {
      #expect(error.client == "class" && error.name == .tokensPerMinute)
      return error.retryAfter
    }
  }

  @Test func `tokens come back evenly within a minute, and debts are made up for first`() {
    let allowance = allowance(.tokensPerMinute, 120)
    #expect(wait(allowance, 0) == nil)
    allowance.spend(119, at: start)
    #expect(wait(allowance, 0) == nil)
    allowance.spend(1, at: start)
    // Two tokens a second: the first one is there in half of one.
    #expect(wait(allowance, 0) == 1)
    #expect(wait(allowance, 0.6) == nil)
    allowance.spend(241, at: start + .seconds(1))
    // 2 had come, so that 239 are owed, and 1 is wanted.
    #expect(wait(allowance, 1) == 120)
    #expect(wait(allowance, 120.5) == 1)
    #expect(wait(allowance, 121.1) == nil)
    // However long nobody asks, there is no more than a minute's worth.
    allowance.spend(120, at: start + .seconds(10_000))
    #expect(wait(allowance, 10_000) == 1)
  }

  @Test(arguments: [1, 7, 1000, 1 << 40])
  func `nobody spends more than was allowed, by one admission at most`(limit: Int) {
    let allowance = allowance(.tokensPerMinute, limit)
    var spent = 0
    for tick in 0..<2000 {
      let now = Double(tick) / 10
      guard wait(allowance, now) == nil else { continue }
      let count = max(limit / 50, 1) + tick % 3
      allowance.spend(count, at: start + .seconds(now))
      spent += count
    }
    let most = Double(limit) * (1 + 200.0 / 60) + Double(limit / 50 + 3)
    #expect(Double(spent) <= most)
    #expect(Double(spent) >= Double(limit) * 200 / 60 - Double(limit / 50 + 3))
  }

  @Test func `what is set while the server runs holds at once, and unset limits bind nobody`() {
    let allowance = allowance(.tokensPerMinute, 10)
    allowance.spend(100, at: start)
    #expect(wait(allowance, 0) != nil)
    allowance.limits = ClientLimits()
    #expect(wait(allowance, 0) == nil)
    allowance.spend(1, at: start)
    allowance.limits[.tokensPerMinute] = 10
    #expect(wait(allowance, 0) == nil)
  }

  @Test func `a connection counts as long as its seat is held`() throws {
    let allowance = allowance(.connections, 2)
    var seats = [try allowance.takeSeat(), try allowance.takeSeat()]
    #expect(throws: LimitReached(client: "class", name: .connections, allowed: 2)) {
      try allowance.takeSeat()
    }
    seats.removeLast()
    seats.append(try allowance.takeSeat())
    #expect(throws: LimitReached.self) { try allowance.takeSeat() }
    seats.removeAll()
    seats.append(try allowance.takeSeat())
  }

  @Test func `a request is held to the limits where it begins`() throws {
    let allowance = allowance(.queued, 2)
    allowance.limits[.tokensPerMinute] = 60
    let grant = ClientGrant(allowance)
    #expect(throws: LimitReached(client: "class", name: .queued, allowed: 2)) {
      try grant.admit(at: start) { 2 }
    }
    try grant.admit(at: start) { 1 }
    allowance.spend(1000, at: start)
    try grant.admit(at: start) { 99 }
    #expect(throws: LimitReached.self) { try ClientGrant(allowance).admit(at: start) { 0 } }
  }
}
