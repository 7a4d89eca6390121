/// Which numbers of each hook have fallen out of a ring, small enough to keep for ever.
///
/// A hook's frames come at a regular pace (one per step, with the same number of other items
/// between), so its numbers are runs of a constant stride, and a run costs three words.
struct EvictionLog: Sendable, Equatable {
  /// `first, first + stride, …`, `count` numbers.
  struct Run: Sendable, Equatable {
    var first: UInt64
    var stride: UInt64
    var count: UInt64

    var last: UInt64 { first + stride * (count - 1) }

    /// The part at or above a number.
    func from(_ floor: UInt64) -> Run? {
      guard floor > first else { return self }
      guard floor <= last else { return nil }
      let skipped = (floor - first + stride - 1) / stride
      return Run(first: first + skipped * stride, stride: stride, count: count - skipped)
    }
  }

  private var runs: [String?: [Run]] = [:]

  /// Notes the next evicted number of a hook (nil: an event); numbers of one hook only grow.
  mutating func note(_ sequence: UInt64, hook: String?) {
    guard var own = runs.removeValue(forKey: hook), var run = own.popLast() else {
      runs[hook] = [Run(first: sequence, stride: 1, count: 1)]
      return
    }
    if run.count == 1 {
      run.stride = sequence - run.first
      run.count = 2
      own.append(run)
    } else if run.last + run.stride == sequence {
      run.count += 1
      own.append(run)
    } else {
      own.append(run)
      own.append(Run(first: sequence, stride: 1, count: 1))
    }
    runs[hook] = own
  }

  /// Adds to a gap what was evicted at or above a number: frames, or events, or both.
  func add(to gap: inout Gap, from floor: UInt64, frames: Bool, events: Bool) {
    for (hook, own) in runs where hook == nil ? events : frames {
      for run in own.reversed() {
        guard let part = run.from(floor) else { break }
        gap.add(
          Gap.Missed(hook: hook, first: part.first, last: part.last, count: part.count))
      }
    }
  }
}
