import Testing

@testable import HTTP

@Suite struct PeerPulseTests {
  private static let start = ContinuousClock.now

  private static func pulse() -> PeerPulse {
    PeerPulse(interval: .seconds(20), patience: .seconds(60), at: start)
  }

  @Test func `a silent peer is pinged in time, again, and given up when none is answered`() {
    var pulse = Self.pulse()
    #expect(pulse.deadline == Self.start + .seconds(20))
    #expect(pulse.act(at: Self.start + .seconds(19), canAnswer: true) == .nothing)
    #expect(pulse.act(at: Self.start + .seconds(20), canAnswer: true) == .ping)
    #expect(pulse.deadline == Self.start + .seconds(40))
    #expect(pulse.act(at: Self.start + .seconds(40), canAnswer: true) == .ping)
    #expect(pulse.deadline == Self.start + .seconds(60))
    #expect(pulse.act(at: Self.start + .seconds(60), canAnswer: true) == .giveUp)
  }

  @Test func `any byte from the peer begins the silence anew`() {
    var pulse = Self.pulse()
    #expect(pulse.act(at: Self.start + .seconds(20), canAnswer: true) == .ping)
    pulse.heard(at: Self.start + .seconds(59))
    #expect(pulse.act(at: Self.start + .seconds(60), canAnswer: true) == .nothing)
    #expect(pulse.deadline == Self.start + .seconds(79))
  }

  @Test func `a peer is asked before it is given up, however late the clock is looked at`() {
    var pulse = Self.pulse()
    let late = Self.start + .seconds(5000)
    #expect(pulse.act(at: late, canAnswer: true) == .ping)
    #expect(pulse.act(at: late + .seconds(19), canAnswer: true) == .nothing)
    #expect(pulse.act(at: late + .seconds(40), canAnswer: true) == .giveUp)
  }

  @Test func `a peer that could not answer yet is not given up`() {
    var pulse = Self.pulse()
    #expect(pulse.act(at: Self.start + .seconds(20), canAnswer: false) == .ping)
    for seconds in stride(from: 40, through: 400, by: 20) {
      #expect(pulse.act(at: Self.start + .seconds(seconds), canAnswer: false) == .nothing)
    }
    #expect(pulse.act(at: Self.start + .seconds(439), canAnswer: true) == .ping)
    #expect(pulse.act(at: Self.start + .seconds(440), canAnswer: true) == .giveUp)
  }

  @Test(arguments: [1, 20, 60, 200])
  func `no order of limits gives a peer up without a ping`(interval: Int) {
    var pulse = PeerPulse(interval: .seconds(interval), patience: .seconds(60), at: Self.start)
    var pings = 0
    for second in 0...1000 {
      switch pulse.act(at: Self.start + .seconds(second), canAnswer: true) {
      case .nothing: continue
      case .ping: pings += 1
      case .giveUp:
        #expect(pings > 0)
        #expect(second >= 60)
        return
      }
    }
    Issue.record("never given up")
  }
}
