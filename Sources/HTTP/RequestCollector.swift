import Wire

/// The request that is arriving: its head, where it leads, and as much of its body as is here.
///
/// The body of a request that is not collected, because it has been answered already, is thrown away as it comes.
struct RequestCollector {
  /// A request that has arrived to its end.
  struct Whole {
    var head: RequestHead
    var match: Router.Match
    var caller: Caller
    var body: [UInt8]
    /// What the body weighs for all connections.
    var charge: BodyCharge?
  }

  private var arriving: Whole?

  /// Bytes of the body so far.
  var byteCount: Int { arriving?.body.count ?? 0 }

  /// A request begins whose body is wanted.
  mutating func begin(
    _ head: RequestHead, _ match: Router.Match, of caller: Caller, _ charge: BodyCharge
  ) {
    arriving = Whole(head: head, match: match, caller: caller, body: [], charge: charge)
  }

  /// Takes a part of the body; false where there is no room for it, and nobody wants the rest.
  mutating func add(_ bytes: [UInt8]) -> Bool {
    guard let charge = arriving?.charge else { return true }
    guard charge.grow(by: bytes.count) else {
      drop()
      return false
    }
    arriving?.body += bytes
    return true
  }

  /// The request, if it was collected; the next one may begin.
  mutating func finish() -> Whole? { arriving.take() }

  /// Nobody wants the rest.
  mutating func drop() { arriving = nil }
}
