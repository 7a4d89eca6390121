internal import Loops

/// Decides what the next forward pass of a model computes: which runs decode, and how much is read of which prompts.
///
/// Clients share equally, runs of one client by what is left of them:
///
/// - Decoding places go round the clients that want any, one each, until none is left or nobody wants more.
/// - Rows for prompts are split equally among the clients with prompts, in pieces of at least ``minimumShare``; what
///   one leaves goes to the next. Where there are fewer pieces than clients, those that were served least come first,
///   so with `c` clients and `r` rows each is served at least every `ceil(c / max(1, r / minimumShare))` passes.
/// - Of one client the shortest is first; in every ``turnOfTheOldest``th pass the one that has waited longest, so
///   nothing waits for ever: the oldest prompt gets a fourth of its client's share at least.
/// - A run begins while there are places, or while its client has begun less than its share of them; short ones (half of
///   the longest that has begun) may begin until twice as many have begun as there are places.
///
/// A value that sees numbers only: what is planned depends on nothing but the calls before.
struct PassPlanner {
  /// A run that could be computed now, in the order of admission.
  struct Candidate {
    /// The number that ``join(_:)`` gave its client.
    var client: Int
    /// Tokens that its cache does not hold yet.
    var pending: Int
    /// Tokens that are left to compute at most, what it may generate included.
    var remaining: Int
    var isDecoding: Bool
    var hasBegun: Bool
    /// The number of the last pass that it was part of, 0 before.
    var lastPass: Int
  }

  /// What a candidate computes in the pass.
  struct Part: Equatable {
    /// Its index among the candidates.
    let candidate: Int
    /// How many of its pending tokens.
    var count: Int
    let isDecode: Bool
  }

  /// A client's share in what was computed.
  private struct Share {
    let key: ClientKey
    var runs = 0
    /// Rows computed for it, on one scale for all: who comes (back) begins where the least served of the others is.
    var served = 0
    var wasActive = false
    // Of the pass being planned:
    var wanting = 0
    var begun = 0
    var planned = 0
  }

  /// Prompts read in one pass at most; each may need scores.
  static let promptsPerPass = 8
  /// Rows below which a prompt's share is not divided further.
  static let minimumShare = 16
  /// Every so many passes the oldest come first.
  static let turnOfTheOldest = 4

  /// Runs that decode in one pass at most.
  let places: Int
  /// The plan: decoding parts, then prompts.
  private(set) var parts: [Part] = []
  /// The number of the pass that was planned last.
  private(set) var pass = 0

  private var shares: [Share] = []
  /// What the least served client had at last; never less than before.
  private var clock = 0
  private var counts: [Int] = []
  private var begun = 0
  private var longest = 0
  private var clients = 0

  init(places: Int) { self.places = places }

  // MARK: Clients

  /// Counts a run of a client.
  ///
  /// - Returns: the client's number, which holds until as many ``leave(_:)``s have come.
  mutating func join(_ key: ClientKey) -> Int {
    let known = shares.firstIndex { $0.runs > 0 && $0.key == key }
    if let known {
      shares[known].runs += 1
      return known
    }
    let new = Share(key: key, runs: 1)
    guard let free = shares.firstIndex(where: { $0.runs == 0 }) else {
      shares.append(new)
      return shares.count - 1
    }
    shares[free] = new
    return free
  }

  /// Takes back one ``join(_:)``.
  mutating func leave(_ client: Int) { shares[client].runs -= 1 }

  // MARK: A pass

  /// Plans the next pass into ``parts``; something is planned whenever there is a candidate.
  ///
  /// - Parameters:
  ///   - candidates: in the order of admission.
  ///   - promptRows: rows that may be read of prompts in all, at least 1.
  mutating func plan(_ candidates: [Candidate], promptRows: Int) {
    pass += 1
    parts.removeAll(keepingCapacity: true)
    begin(candidates)
    planDecoding(candidates)
    planPrompts(candidates, rows: max(promptRows, 1))
    finish()
  }

  private var isTurnOfTheOldest: Bool { pass % Self.turnOfTheOldest == 0 }

  private mutating func begin(_ candidates: [Candidate]) {
    counts.removeAll(keepingCapacity: true)
    counts.append(contentsOf: repeatElement(0, count: candidates.count))
    for client in shares.indices {
      (shares[client].wanting, shares[client].begun, shares[client].planned) = (0, 0, 0)
    }
    (begun, longest) = (0, 0)
    for candidate in candidates {
      shares[candidate.client].wanting += 1
      guard candidate.hasBegun else { continue }
      shares[candidate.client].begun += 1
      begun += 1
      longest = max(longest, candidate.remaining)
    }
    clients = shares.count { $0.wanting > 0 }
    moveClock()
  }

  /// Who was not there for the last pass begins where the others are: absence saves nothing up.
  private mutating func moveClock() {
    let staying = shares.lazy.filter { $0.wanting > 0 && $0.wasActive }.map(\.served).min()
    clock = max(clock, staying ?? clock)
    for client in shares.indices where shares[client].wanting > 0 && !shares[client].wasActive {
      shares[client].served = max(shares[client].served, clock)
    }
  }

  private mutating func finish() {
    for client in shares.indices { shares[client].wasActive = shares[client].wanting > 0 }
  }

  private func mayBegin(_ candidate: Candidate) -> Bool {
    begun < places || shares[candidate.client].begun < max(1, places / max(clients, 1))
      || (begun < 2 * places && candidate.remaining <= longest / 2)
  }

  private mutating func give(_ rows: Int, to index: Int, _ candidates: [Candidate]) {
    let client = candidates[index].client
    if counts[index] == 0, !candidates[index].hasBegun {
      shares[client].begun += 1
      begun += 1
    }
    counts[index] += rows
    shares[client].served += rows
  }

  // MARK: Decoding

  private mutating func planDecoding(_ candidates: [Candidate]) {
    for _ in 0..<places {
      guard let index = nextDecoding(candidates) else { return }
      give(candidates[index].pending, to: index, candidates)
      shares[candidates[index].client].planned += 1
      parts.append(Part(candidate: index, count: candidates[index].pending, isDecode: true))
    }
  }

  private func nextDecoding(_ candidates: [Candidate]) -> Int? {
    var best: Int?
    for (index, candidate) in candidates.enumerated()
    where candidate.isDecoding && counts[index] == 0 {
      guard candidate.hasBegun || mayBegin(candidate) else { continue }
      if let leader = best, !comesFirst(candidate, before: candidates[leader]) { continue }
      best = index
    }
    return best
  }

  /// Whether a candidate comes before another that was admitted earlier.
  private func comesFirst(_ candidate: Candidate, before other: Candidate) -> Bool {
    if candidate.client != other.client { return isPoorer(candidate.client, than: other.client) }
    if candidate.isDecoding {
      return isTurnOfTheOldest
        ? candidate.lastPass < other.lastPass : candidate.remaining < other.remaining
    }
    return !isTurnOfTheOldest && candidate.pending < other.pending
  }

  private func isPoorer(_ client: Int, than other: Int) -> Bool {
    (shares[client].planned, shares[client].served, client)
      < (shares[other].planned, shares[other].served, other)
  }

  // MARK: Prompts

  private mutating func planPrompts(_ candidates: [Candidate], rows: Int) {
    for client in shares.indices {
      (shares[client].wanting, shares[client].planned) = (0, 0)
    }
    for candidate in candidates { shares[candidate.client].wanting += 1 }
    var left = rows
    let first = parts.count
    let reading = readers(candidates)
    let share = max(Self.minimumShare, rows / max(reading, 1))
    read(candidates, from: first, &left, atMost: share)
    read(candidates, from: first, &left, atMost: rows)
  }

  /// Clients that have a prompt to read.
  private func readers(_ candidates: [Candidate]) -> Int {
    shares.indices.count { client in
      candidates.contains { $0.client == client && !$0.isDecoding }
    }
  }

  /// Gives rows away until they are gone, no client having more than `limit`.
  private mutating func read(
    _ candidates: [Candidate], from first: Int, _ left: inout Int, atMost limit: Int
  ) {
    while left > 0, let index = nextPrompt(candidates, from: first, left, limit) {
      let client = candidates[index].client
      let count = min(
        candidates[index].pending - counts[index], left, limit - shares[client].planned)
      if counts[index] == 0 {
        parts.append(Part(candidate: index, count: 0, isDecode: false))
      }
      give(count, to: index, candidates)
      shares[client].planned += count
      left -= count
      for part in first..<parts.count where parts[part].candidate == index {
        parts[part].count += count
      }
    }
  }

  private func nextPrompt(
    _ candidates: [Candidate], from first: Int, _ left: Int, _ limit: Int
  ) -> Int? {
    let isFirst = parts.count == first
    let hasPlace = parts.count - first < Self.promptsPerPass
    var best: Int?
    for (index, candidate) in candidates.enumerated()
    where !candidate.isDecoding && counts[index] < candidate.pending {
      let room = min(left, limit - shares[candidate.client].planned)
      // A short prompt is not cut, and no piece is tiny because others were served before.
      let isEnough =
        isFirst || counts[index] > 0 || room >= min(Self.minimumShare, candidate.pending)
      guard room > 0, isEnough, hasPlace || counts[index] > 0 else { continue }
      guard candidate.hasBegun || counts[index] > 0 || mayBegin(candidate) else { continue }
      if let leader = best, !comesFirst(candidate, before: candidates[leader]) { continue }
      best = index
    }
    return best
  }
}
