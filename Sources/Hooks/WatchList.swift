/// What a run is watched for, as it changes: a watch keeps the number by which it is told, and none is given twice.
package struct WatchList: Sendable, Equatable {
  /// Watches of a run at a time, and all it ever had.
  package static let most = 64
  package static let mostEver = 1024
  /// Directions on which all watches at a time project: they are computed between two passes of the engine.
  package static let mostDirections = 64

  /// Every one that there ever was, by its number.
  package private(set) var all: [Watchpoint]
  private var removed: Set<Int> = []

  package init(_ watches: [Watchpoint] = []) { all = watches }

  /// The numbers of those in force.
  package var numbers: [Int] { all.indices.filter { !removed.contains($0) } }
  /// Those in force.
  package var current: [Watchpoint] { numbers.map { all[$0] } }

  package func contains(_ number: Int) -> Bool {
    all.indices.contains(number) && !removed.contains(number)
  }

  /// Adds some behind all others.
  ///
  /// - Parameter numbers: of those taken off before that; nil for all. One that is off already stays so.
  package mutating func change(adding added: [Watchpoint], removing numbers: Set<Int>?) {
    removed.formUnion(numbers.map { Array($0.filter(all.indices.contains)) } ?? Array(all.indices))
    all += added
  }

  /// What those in force must see, each tensor once.
  package var captures: [CaptureSpec] {
    var seen: Set<CaptureSpec> = []
    return current.compactMap(\.capture).filter { seen.insert($0).inserted }
  }

  /// Whether one of those in force may make the run stand still.
  package var mayPause: Bool { current.contains { $0.action == .pause } }

  /// Directions that those in force project on.
  package var directions: Int { current.reduce(0) { $0 + $1.directions } }
}

extension Watchpoint {
  /// Directions that it projects on.
  package var directions: Int {
    guard case .project(let its)? = capture?.selection.reduction else { return 0 }
    return its.count
  }
}
