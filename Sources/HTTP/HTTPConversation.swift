import HTTPTypes
import Loops
import Traces
import Wire

/// The requests of one connection and their answers.
///
/// Holds the machine of `Wire`, what it has collected, and the exchange that is under way. A value: it touches no socket.
struct HTTPConversation {
  /// A request that is being answered.
  struct Exchange: Sendable {
    /// Which one of the connection it is, from 1.
    let number: Int
    let id = TransportServices.makeRequestID()
    let head: RequestHead
    /// The pattern of its route, if it has one.
    let route: String?
    /// On whose behalf it is carried out.
    let caller: Caller
    /// Its part of a trace; nil where nothing is traced.
    let span: TracedSpan?
    let began = ContinuousClock.now
    fileprivate(set) var status = 0
    fileprivate(set) var bodyBytes = 0
  }

  /// What comes next.
  enum Step {
    /// A request begins: collect it, or answer it at once.
    case head(RequestHead)
    /// A request that was collected is whole.
    case request(RequestCollector.Whole)
    /// The body that is arriving has no room.
    case noRoom
    /// Nothing more can be said now.
    case wait
    /// The peer has said its last word.
    case finished
  }

  private var machine: HTTPServerMachine
  private var requests = RequestCollector()
  private(set) var exchange: Exchange?
  /// How many requests there have been.
  private(set) var requestCount = 0
  /// No request is taken after the current one.
  private var isLast = false
  /// The connection, among those of the key that was shown last.
  private var seat: ClientSeat?

  init(limits: HTTPLimits) { machine = HTTPServerMachine(limits: limits) }

  /// Counts the connection as one of a caller's key.
  mutating func sit(_ caller: Caller) throws(LimitReached) {
    guard let allowance = caller.allowance, seat?.allowance !== allowance else { return }
    seat = try allowance.takeSeat()
  }

  /// The connection is over.
  mutating func leave() { seat = nil }

  // MARK: Requests

  mutating func receive(_ bytes: UnsafeRawBufferPointer) { machine.receive(bytes) }
  mutating func receiveEnd() { machine.receiveEnd() }
  /// No request after the current one.
  mutating func end() { isLast = true }

  var wantsBytes: Bool { machine.wantsBytes }
  var phase: HTTPPhase { machine.phase }
  /// Bytes of the body that is arriving.
  var collectedByteCount: Int { requests.byteCount }
  /// Whether the connection ends with what has been written.
  var mustClose: Bool { machine.mustClose || isLast }

  /// Takes what has arrived, up to the next thing that somebody must decide.
  mutating func next() throws(ProtocolViolation) -> Step {
    while true {
      switch try machine.next() {
      case .head(let head): return .head(head)
      case .body(let bytes): if !requests.add(bytes) { return .noRoom }
      case .end: if let whole = requests.finish() { return .request(whole) }
      case .needMore, .paused: return .wait
      case .finished: return .finished
      }
    }
  }

  /// The body of a request is wanted.
  mutating func collect(
    _ head: RequestHead, _ match: Router.Match, of caller: Caller, _ charge: BodyCharge
  ) {
    requests.begin(head, match, of: caller, charge)
  }

  /// What asks the peer for a body that it holds back, if it does.
  mutating func askForBody() -> [UInt8]? { machine.continueRequest() }

  /// Nobody wants what is still to come of the current request.
  mutating func dropRequest() { requests.drop() }

  // MARK: Answers

  /// A request begins to be answered.
  mutating func beginExchange(
    _ head: RequestHead, route: String?, of caller: Caller, _ span: TracedSpan?
  ) {
    requestCount += 1
    exchange = Exchange(
      number: requestCount, head: head, route: route, caller: caller, span: span)
  }

  /// The exchange is over, if there was one; the next may begin.
  mutating func endExchange() -> Exchange? { exchange.take() }

  /// The head of an answer.
  mutating func respond(
    _ response: HTTPResponse, _ body: ResponseBody, date: HTTPDate
  ) throws(ResponseMisuse) -> [UInt8] {
    exchange?.status = response.status.code
    return try machine.respond(with: response, body: body, date: date)
  }

  /// Pieces of a body that belong together, framed as the head has promised; nil where none may be written.
  mutating func framed(_ pieces: [[UInt8]]) throws(ResponseMisuse) -> [[UInt8]]? {
    let count = pieces.reduce(0) { $0 + $1.count }
    guard count > 0, let envelope = try machine.envelope(for: count) else { return nil }
    exchange?.bodyBytes += count
    return [envelope.prefix] + pieces + [envelope.suffix]
  }

  /// What ends an answer.
  mutating func finishResponse() throws(ResponseMisuse) -> [UInt8] { try machine.finishResponse() }

  /// The answer to a request that becomes something else, and what its peer has said in it already.
  mutating func switchProtocols(
    _ fields: HTTPFields, date: HTTPDate
  ) throws(ResponseMisuse) -> (answer: [UInt8], leftover: [UInt8]) {
    let answer = try machine.switchProtocols(fields: fields, date: date)
    exchange?.status = 101
    return (answer, machine.takeLeftover())
  }
}
