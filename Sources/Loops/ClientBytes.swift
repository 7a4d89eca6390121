/// Bytes that clients take of something that all of them share.
///
/// A client may have three fourths of it, so that others find room.
package struct ClientBytes: Sendable {
  package let limit: Int
  /// Bytes of all clients.
  package private(set) var total = 0
  private var ofClient: [ClientKey: Int] = [:]

  package init(limit: Int) { self.limit = limit }

  /// Bytes that one client may have.
  package var limitOfOne: Int { limit / 4 * 3 }

  /// Counts more bytes of a client; false, and as before, where they are too many.
  package mutating func take(_ bytes: Int, for client: ClientKey) -> Bool {
    let own = ofClient[client] ?? 0
    guard bytes <= limit - total, bytes <= limitOfOne - own else { return false }
    total += bytes
    ofClient[client] = own + bytes
    return true
  }

  package mutating func giveBack(_ bytes: Int, of client: ClientKey) {
    total -= bytes
    let own = (ofClient[client] ?? 0) - bytes
    ofClient[client] = own > 0 ? own : nil
  }
}
