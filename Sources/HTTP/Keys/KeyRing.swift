internal import Digests
internal import Foundation
internal import Loops
internal import Synchronization

/// The keys that open the server now, the sessions of browsers, and tickets.
///
/// Usable from any thread. Where it has no keys at all, everybody is let in.
package final class KeyRing: Sendable {
  /// What stands for a key for a while.
  private struct Pass: Sendable {
    var key: String
    var expiry: Int
  }

  /// Passes by the digests of their secrets, so that what is kept opens nothing.
  private struct Passes: Sendable {
    private var held: [[UInt8]: Pass] = [:]

    /// Makes a pass and answers its secret; where there are too many, the one that ends first gives way.
    mutating func issue(to key: String, until expiry: Int, now: Int) -> String {
      if held.count >= KeyRing.passLimit { held = held.filter { now < $0.value.expiry } }
      if held.count >= KeyRing.passLimit,
        let first = held.min(by: { $0.value.expiry < $1.value.expiry })
      {
        held[first.key] = nil
      }
      let secret = AccessKey.makeSecret()
      held[SHA256.digest(of: secret)] = Pass(key: key, expiry: expiry)
      return secret
    }

    func key(_ secret: String, at now: Int) -> String? {
      held[SHA256.digest(of: secret)].flatMap { now < $0.expiry ? $0.key : nil }
    }

    mutating func remove(_ secret: String) { held[SHA256.digest(of: secret)] = nil }
  }

  private struct Held: Sendable {
    var keys: [AccessKey] = []
    /// What each key has taken, by its name; kept when keys are read again.
    var allowances: [String: ClientAllowance] = [:]
    var sessions = Passes()
    var tickets = Passes()

    func caller(_ key: AccessKey) -> Caller {
      Caller(name: key.name, scopes: key.scopes, allowance: allowances[key.name])
    }
  }

  /// How long a browser stays logged in, in seconds.
  package static let sessionSeconds = 12 * 3600
  /// How long a ticket can be used, in seconds.
  package static let ticketSeconds = 30
  /// Sessions and tickets at once; the ones that end first give way.
  private static let passLimit = 4096

  /// The file that is read again on `reload`.
  private let path: String?
  private let fixed: [AccessKey]
  private let held = Mutex(Held())
  private let clock: @Sendable () -> Int

  /// No keys: everybody is let in.
  package static let none = KeyRing()

  private init() {
    path = nil
    fixed = []
    clock = { 0 }
  }

  /// Keys that stay, and those of a file.
  ///
  /// - Parameter clock: seconds since 1970.
  package init(
    fixed: [AccessKey], path: String? = nil,
    clock: @escaping @Sendable () -> Int = { Int(Date().timeIntervalSince1970) }
  ) throws(KeyFileError) {
    self.path = path
    self.fixed = fixed
    self.clock = clock
    try reload()
  }

  /// Whether a key has to be shown.
  package var isNeeded: Bool { path != nil || !fixed.isEmpty }

  /// Reads the file again; where it is wrong, what was read before stays.
  ///
  /// Sessions and tickets of keys that are gone open nothing any more.
  package func reload() throws(KeyFileError) {
    let filed = try path.map { path throws(KeyFileError) in try KeyFile(reading: path).keys } ?? []
    for key in fixed where filed.contains(where: { $0.name == key.name }) {
      throw .repeated(name: key.name)
    }
    held.withLock { held in
      held.keys = fixed + filed
      let known = held.allowances
      held.allowances = [:]
      for key in held.keys {
        let allowance = known[key.name] ?? ClientAllowance(of: key.name)
        allowance.limits = key.limits
        held.allowances[key.name] = allowance
      }
    }
  }

  /// How many keys there are.
  package var count: Int { held.withLock { $0.keys.count } }

  // MARK: Opening

  /// Who holds a secret.
  ///
  /// Every key is compared to its last byte, so that the time it takes says nothing of what was nearly right.
  package func caller(secret: String) -> Caller? {
    let shown = SHA256.digest(of: secret)
    let now = clock()
    return held.withLock { held in
      var found: AccessKey?
      for key in held.keys where Self.isEqual(key.digest, shown) { found = key }
      return found.flatMap { $0.holds(at: now) ? held.caller($0) : nil }
    }
  }

  /// A caller as its key is now; nil where that is gone or over.
  package func current(_ caller: Caller) -> Caller? {
    guard isNeeded else { return caller }
    let now = clock()
    return held.withLock { Self.caller(named: caller.name, in: $0, at: now) }
  }

  /// Begins a browser's session for a secret: what its cookie holds.
  package func beginSession(secret: String) -> String? {
    guard let name = caller(secret: secret)?.name else { return nil }
    let now = clock()
    return held.withLock {
      $0.sessions.issue(to: name, until: now + Self.sessionSeconds, now: now)
    }
  }

  package func endSession(_ session: String) {
    held.withLock { $0.sessions.remove(session) }
  }

  /// Who has begun a session.
  package func caller(session: String) -> Caller? {
    let now = clock()
    return held.withLock { held in
      held.sessions.key(session, at: now).flatMap { Self.caller(named: $0, in: held, at: now) }
    }
  }

  /// A ticket that opens one request on behalf of a caller.
  package func makeTicket(for caller: Caller) -> String? {
    guard let name = caller.name else { return nil }
    let now = clock()
    return held.withLock {
      $0.tickets.issue(to: name, until: now + Self.ticketSeconds, now: now)
    }
  }

  /// Who shows a ticket, which is used up by that.
  package func caller(ticket: String) -> Caller? {
    let now = clock()
    return held.withLock { held in
      defer { held.tickets.remove(ticket) }
      return held.tickets.key(ticket, at: now).flatMap {
        Self.caller(named: $0, in: held, at: now)
      }
    }
  }

  private static func caller(named name: String?, in held: Held, at now: Int) -> Caller? {
    held.keys.first { $0.name == name && $0.holds(at: now) }
      .map { held.caller($0) }
  }

  /// Whether two digests are equal, in a time that depends on their length alone.
  static func isEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    guard one.count == other.count else { return false }
    var difference: UInt8 = 0
    for (left, right) in zip(one, other) { difference |= left ^ right }
    return difference == 0
  }
}
