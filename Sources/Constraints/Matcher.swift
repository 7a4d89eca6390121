/// Follows a grammar symbol by symbol, in all ways at once, and remembers what it has seen.
///
/// Where the grammar stands is a set of stacks, whose frames are shared; equal sets are one *place*, and the way from a
/// place by a symbol is computed once. What doesn't fit in the bounds below is given up, never the last way to an end:
/// fewer texts can then be written, all of them good.
struct Matcher: Sendable {
  let grammar: TrimmedGrammar

  /// A state of the grammar above what comes behind its rule.
  private struct Frame: Hashable {
    var state: Int32
    /// The frame behind the rule's end, or -1.
    var parent: Int32
  }

  struct Place: Sendable {
    /// Frames that can take a symbol.
    var frames: [Int32]
    /// Whether all may end here.
    var isEnd: Bool
    /// Where the ways of this place begin in `ways`, or -1.
    var row: Int32
  }

  private var frames: [Frame] = []
  private var depths: [Int32] = []
  private var numbers: [Frame: Int32] = [:]
  private(set) var places: [Place] = []
  private var placeNumbers: [[Int32]: Int32] = [:]
  /// The place behind each class of symbols; `unknown` or `none`.
  private var ways: [Int32] = []
  /// Symbols that no state tells apart are one class.
  private let classes: [UInt16]
  private let samples: [UInt16]
  /// Work done since it was last set to 0, in frames looked at.
  var work = 0

  static let none: Int32 = -1
  private static let unknown: Int32 = -2
  /// Frames of a place.
  private static let width = 1024
  /// Frames and places and ways that are remembered, after which a new matcher goes on.
  private static let frameLimit = 1 << 17
  private static let placeLimit = 1 << 15
  private static let wayLimit = 1 << 21

  init(_ grammar: TrimmedGrammar, controls: Int) {
    self.grammar = grammar
    var edges: Set<UInt16> = [0]
    for list in grammar.moves {
      for case .symbols(let low, let high, _) in list {
        edges.insert(low)
        edges.insert(high + 1)
      }
    }
    let size = Int(Grammar.firstControl) + controls
    var classes: [UInt16] = []
    var samples: [UInt16] = []
    for symbol in 0..<UInt16(clamping: size) {
      if edges.contains(symbol) { samples.append(symbol) }
      classes.append(UInt16(samples.count - 1))
    }
    self.classes = classes
    self.samples = samples
  }

  var isFull: Bool {
    frames.count > Self.frameLimit || places.count > Self.placeLimit || ways.count > Self.wayLimit
  }

  /// Whether it holds several times as much, as only a grammar made for it brings about within one mask.
  var isOverfull: Bool {
    frames.count > 4 * Self.frameLimit || places.count > 4 * Self.placeLimit
      || ways.count > 4 * Self.wayLimit
  }

  // MARK: Places

  /// The place before the first symbol.
  mutating func start() -> Int32 {
    close([frame(grammar.rules[Int(grammar.root)].start, -1)])
  }

  /// The place behind a symbol, or ``none``.
  mutating func step(_ place: Int32, _ symbol: UInt16) -> Int32 {
    guard Int(symbol) < classes.count else { return Self.none }
    let column = Int(classes[Int(symbol)])
    var row = places[Int(place)].row
    if row < 0 {
      row = Int32(ways.count)
      places[Int(place)].row = row
      ways.append(contentsOf: repeatElement(Self.unknown, count: samples.count))
    }
    let known = ways[Int(row) + column]
    guard known == Self.unknown else { return known }
    let found = follow(places[Int(place)].frames, samples[column])
    ways[Int(row) + column] = found
    return found
  }

  private mutating func follow(_ from: [Int32], _ symbol: UInt16) -> Int32 {
    var seeds: [Int32] = []
    for number in from {
      let frame = frames[Int(number)]
      for move in grammar.moves[Int(frame.state)] {
        work += 1
        guard case .symbols(let low, let high, let target) = move, low <= symbol, symbol <= high,
          fits(target, depths[Int(number)])
        else { continue }
        seeds.append(self.frame(target, frame.parent))
      }
    }
    return seeds.isEmpty ? Self.none : close(seeds)
  }

  /// Whether a state can still come to its end within the depth that is allowed.
  private func fits(_ state: Int32, _ depth: Int32) -> Bool {
    depth + grammar.heights[Int(state)] <= TrimmedGrammar.depthLimit
  }

  private mutating func frame(_ state: Int32, _ parent: Int32) -> Int32 {
    let frame = Frame(state: state, parent: parent)
    if let number = numbers[frame] { return number }
    let number = Int32(frames.count)
    frames.append(frame)
    depths.append(parent < 0 ? 0 : depths[Int(parent)] + 1)
    numbers[frame] = number
    return number
  }

  /// All frames that can be reached without a symbol, and can take one.
  private mutating func close(_ seeds: [Int32]) -> Int32 {
    var seen = Set(seeds)
    var open = seeds
    var active: [Int32] = []
    var isEnd = false
    while let number = open.popLast() {
      work += 1
      let frame = frames[Int(number)]
      let depth = depths[Int(number)]
      let list = grammar.moves[Int(frame.state)]
      if isRuleEnd(frame.state) {
        if frame.parent < 0 {
          isEnd = true
        } else if seen.insert(frame.parent).inserted {
          open.append(frame.parent)
        }
      }
      var takes = false
      for move in list {
        switch move {
        case .symbols(_, _, let target): takes = takes || fits(target, depth)
        case .jump(let target):
          guard fits(target, depth) else { continue }
          add(self.frame(target, frame.parent), &seen, &open)
        case .call(let rule, let target):
          guard fits(target, depth) else { continue }
          let start = grammar.rules[Int(rule)].start
          // What comes last in a rule needs no frame to come back to.
          let isLast = isRuleEnd(target) && grammar.moves[Int(target)].isEmpty
          let parent = isLast ? frame.parent : self.frame(target, frame.parent)
          guard fits(start, parent < 0 ? 0 : depths[Int(parent)] + 1) else { continue }
          add(self.frame(start, parent), &seen, &open)
        }
      }
      if takes {
        active.append(number)
        // Any of them leads to an end, so the others can be given up.
        if active.count >= Self.width { break }
      }
    }
    return place(active.sorted(), isEnd: isEnd)
  }

  private func add(_ number: Int32, _ seen: inout Set<Int32>, _ open: inout [Int32]) {
    if seen.insert(number).inserted { open.append(number) }
  }

  private func isRuleEnd(_ state: Int32) -> Bool { grammar.isEnd[Int(state)] }

  private mutating func place(_ active: [Int32], isEnd: Bool) -> Int32 {
    let key = isEnd ? active + [-1] : active
    if let number = placeNumbers[key] { return number }
    let number = Int32(places.count)
    places.append(Place(frames: active, isEnd: isEnd, row: -1))
    placeNumbers[key] = number
    return number
  }

  // MARK: Moving

  /// A place as states only, for another matcher of the same grammar.
  struct Stacks: Sendable {
    var stacks: [[Int32]]
    var isEnd: Bool
  }

  func stacks(of place: Int32) -> Stacks {
    Stacks(
      stacks: places[Int(place)].frames.map { number in
        var states: [Int32] = []
        var frame = number
        while frame >= 0 {
          states.append(frames[Int(frame)].state)
          frame = frames[Int(frame)].parent
        }
        return states.reversed()
      }, isEnd: places[Int(place)].isEnd)
  }

  mutating func place(of moved: Stacks) -> Int32 {
    let active = moved.stacks.map { states in
      states.reduce(Int32(-1)) { frame($1, $0) }
    }
    return place(active.sorted(), isEnd: moved.isEnd)
  }
}
