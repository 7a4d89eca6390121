internal import Engine
internal import JSON
internal import Synchronization

/// What a run notes of the engine's events as they come, before they are put in line to be published.
///
/// - Isolation: events come on the engine's loop, everything else on any thread.
final class RunIntake: Sendable {
  /// What the run was told, in the order of the engine.
  let ledger: Mutex<RunLedger>
  /// Its part of a trace; nil where nothing is traced.
  let trace: RunTrace?
  private let generation = Mutex<Generation?>(nil)
  private let backlog = Backlog(limit: 32 << 20)
  private let pace: Mutex<RunMeter.Pace>
  private let place: RunPlace
  private let services: RunServices
  /// Whether the engine waits behind each token until its analyses are published.
  let waitsForAnalyses: Bool

  init(_ order: RunOrder, place: RunPlace, services: RunServices, trace: RunTrace?) {
    ledger = Mutex(RunLedger(order))
    self.trace = trace
    pace = Mutex(
      RunMeter.Pace(begun: order.startsPaused ? nil : ContinuousClock.now, last: nil))
    self.place = place
    self.services = services
    waitsForAnalyses = !order.analyses.isEmpty
  }

  /// What the engine is told to do; nil before it began.
  var handle: Generation? { generation.withLock(\.self) }

  func begin(_ handle: Generation) { generation.withLock { $0 = handle } }

  func note(_ event: GenerationEvent, of handle: Generation) {
    ledger.withLock { $0.receive(event) }
    switch event {
    case .paused, .rewound: place.note(isPaused: true)
    case .resumed: place.note(isPaused: false)
    case .finished(let reason, let summary): trace?.finish(reason, summary)
    case .failed(let error): trace?.fail(services.worded(.engine(error))["code"]?.string ?? "error")
    default: break
    }
    if let meter = services.meter { pace.withLock { meter.note(event, &$0, at: .now) } }
    if backlog.add(event.weight) { handle.hold() }
    if waitsForAnalyses, case .token = event { handle.hold() }
    generation.withLock { if $0 == nil { $0 = handle } }
  }

  /// Notes that an event is published to its end, so that what it weighed is free.
  func published(_ event: GenerationEvent) {
    if backlog.remove(event.weight) { handle?.release() }
  }
}
