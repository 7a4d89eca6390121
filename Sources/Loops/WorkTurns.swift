/// Whose piece of work runs next on a few threads.
///
/// - Small and large pieces have threads of their own, so a small one never waits for a large one's end.
/// - Clients take turns: the one with the fewest pieces running comes first, of several the one served longest ago.
/// - A client has three fourths of the threads for small pieces at most and leaves one for large ones to others.
/// - Of one client's pieces the oldest that has a thread comes first.
/// - Beyond a number of waiting pieces one is refused; a client may have three fourths of them.
///
/// A value: what runs depends on nothing but the calls before.
struct WorkTurns: Sendable {
  /// How much runs and waits.
  struct Limits: Sendable, Hashable {
    /// Small pieces that run at once.
    var small = 4
    /// Large pieces that run at once.
    var large = 2
    /// Pieces that may wait: as many as a full house of connections asks for at once, as memory is bounded by bodies' bytes.
    var waiting = 1024
    /// Bytes from which a piece is large.
    var largeBytes = 256 << 10

    var smallOfOne: Int { max(small * 3 / 4, 1) }
    var largeOfOne: Int { max(large - 1, 1) }
    var waitingOfOne: Int { max(waiting * 3 / 4, 1) }
  }

  /// One piece of work.
  private struct Piece: Sendable {
    let ticket: Int
    let isLarge: Bool
  }

  private struct Share: Sendable {
    let client: ClientKey
    var waiting: [Piece] = []
    var small = 0
    var large = 0
  }

  let limits: Limits
  /// The client that was served longest ago comes first.
  private var shares: [Share] = []
  private var running: [Int: (client: ClientKey, isLarge: Bool)] = [:]
  private var small = 0
  private var large = 0
  private var lastTicket = 0
  /// Pieces that wait.
  private(set) var waiting = 0

  init(limits: Limits) {
    self.limits = limits
  }

  /// Whether the piece has been given a thread and has not finished.
  func isRunning(_ ticket: Int) -> Bool { running[ticket] != nil }

  /// Enters a piece; it runs at once where there is a thread for it.
  ///
  /// - Returns: its ticket.
  /// - Throws: `WorkRefusal.busy` where too many wait.
  mutating func join(_ client: ClientKey, bytes: Int) throws(WorkRefusal) -> Int {
    let index = share(of: client)
    let piece = Piece(ticket: lastTicket + 1, isLarge: bytes >= limits.largeBytes)
    if shares[index].waiting.isEmpty, hasThread(for: piece, of: shares[index]) {
      lastTicket += 1
      run(piece, of: index)
      return piece.ticket
    }
    let own = shares[index].waiting.count
    guard waiting < limits.waiting, own < limits.waitingOfOne else {
      forgetIfIdle(client)
      throw waiting < limits.waiting
        ? .busy(waiting: own, limit: limits.waitingOfOne)
        : .busy(waiting: waiting, limit: limits.waiting)
    }
    lastTicket += 1
    waiting += 1
    shares[index].waiting.append(piece)
    // A small piece passes the large ones of its own client that have no thread.
    serve()
    return piece.ticket
  }

  /// Takes a piece off that has not begun.
  mutating func withdraw(_ ticket: Int) {
    for index in shares.indices {
      guard let place = shares[index].waiting.firstIndex(where: { $0.ticket == ticket }) else {
        continue
      }
      shares[index].waiting.remove(at: place)
      waiting -= 1
      return forgetIfIdle(shares[index].client)
    }
  }

  /// Ends a piece.
  ///
  /// - Returns: the pieces that have its thread now.
  mutating func finish(_ ticket: Int) -> [Int] {
    guard let piece = running.removeValue(forKey: ticket) else { return [] }
    let index = share(of: piece.client)
    if piece.isLarge {
      large -= 1
      shares[index].large -= 1
    } else {
      small -= 1
      shares[index].small -= 1
    }
    forgetIfIdle(piece.client)
    return serve()
  }

  // MARK: Turns

  @discardableResult
  private mutating func serve() -> [Int] {
    var served: [Int] = []
    while let (index, place) = next() {
      let piece = shares[index].waiting.remove(at: place)
      waiting -= 1
      run(piece, of: index)
      served.append(piece.ticket)
    }
    return served
  }

  /// The client whose turn it is, and its first piece that has a thread.
  private func next() -> (share: Int, place: Int)? {
    var best: (share: Int, place: Int, running: Int)?
    for (index, share) in shares.enumerated() where !share.waiting.isEmpty {
      let own = share.small + share.large
      guard best.map({ own < $0.running }) ?? true,
        let place = share.waiting.firstIndex(where: { hasThread(for: $0, of: share) })
      else { continue }
      best = (index, place, own)
    }
    return best.map { ($0.share, $0.place) }
  }

  private func hasThread(for piece: Piece, of share: Share) -> Bool {
    piece.isLarge
      ? large < limits.large && share.large < limits.largeOfOne
      : small < limits.small && share.small < limits.smallOfOne
  }

  private mutating func run(_ piece: Piece, of index: Int) {
    var share = shares.remove(at: index)
    running[piece.ticket] = (share.client, piece.isLarge)
    if piece.isLarge {
      large += 1
      share.large += 1
    } else {
      small += 1
      share.small += 1
    }
    shares.append(share)
  }

  private mutating func share(of client: ClientKey) -> Int {
    if let index = shares.firstIndex(where: { $0.client == client }) { return index }
    shares.insert(Share(client: client), at: 0)
    return 0
  }

  private mutating func forgetIfIdle(_ client: ClientKey) {
    shares.removeAll {
      $0.client == client && $0.waiting.isEmpty && $0.small == 0 && $0.large == 0
    }
  }
}
