import Loops
import Synchronization

/// The bytes of requests' bodies that are in memory, of all connections together: arriving, unpacked, being read.
final class BodyLedger: Sendable {
  let limit: Int
  private let bytes: Mutex<ClientBytes>

  init(limit: Int) {
    self.limit = limit
    bytes = Mutex(ClientBytes(limit: limit))
  }

  /// Bytes of all bodies now.
  var byteCount: Int { bytes.withLock(\.total) }

  /// Counts more bytes of a client, or none where they are too many.
  fileprivate func add(_ count: Int, _ client: ClientKey) -> Bool {
    bytes.withLock { $0.take(count, for: client) }
  }

  fileprivate func remove(_ count: Int, _ client: ClientKey) {
    bytes.withLock { $0.giveBack(count, of: client) }
  }
}

/// What one request's body weighs in the ledger, for as long as somebody holds this.
final class BodyCharge: Sendable {
  private let ledger: BodyLedger
  private let client: ClientKey
  private let count = Mutex(0)

  init(_ ledger: BodyLedger, of client: ClientKey) {
    self.ledger = ledger
    self.client = client
  }

  deinit { ledger.remove(count.withLock(\.self), client) }

  /// Makes room for more bytes; false, and as before, where there is none.
  func grow(by more: Int) -> Bool {
    guard ledger.add(more, client) else { return false }
    count.withLock { $0 += more }
    return true
  }

  /// Gives back what was not needed.
  func shrink(to bytes: Int) {
    let rest = count.withLock { count in
      let rest = max(count - bytes, 0)
      count -= rest
      return rest
    }
    ledger.remove(rest, client)
  }
}
