import DequeModule

/// The recent items of a run, bounded in bytes, and the reading of it by cursors.
///
/// A value without locks or viewers: events and frames stand in two queues, each in order of their
/// numbers, because frames fall out first and events only when they alone exceed the bound.
///
///     number      0  1  2  3  4  5  6  7  8  9 10 11 12
///     events      e        e     e        e        e        `eventsBase` of them have fallen out before (none here)
///     frames         ×  ×     ×     f  f     f  f     f     `framesBase` of them have (three, marked ×)
///                                   ↑ cursor    ↑ visibleEnd: nothing from here on is given yet
///
/// A cursor stands in both queues; the one with the lower number is given next, so a viewer sees one order.
struct TopicRing: Sendable {
  /// A viewer's place: what it has been given or has missed already.
  struct Cursor: Sendable, Equatable {
    /// The next event, counted from the run's first event.
    var event: Int
    /// The next frame, counted from the run's first frame.
    var frame: Int
    /// The lowest number not yet handled among frames, and among events.
    var frameFloor: UInt64
    var eventFloor: UInt64
  }

  private struct Slot: Sendable {
    var item: TopicItem
    /// Bytes published before this item since the run began.
    var offset: Int
  }

  private var events: Deque<Slot> = []
  private var frames: Deque<Slot> = []
  private var eventsBase = 0
  private var framesBase = 0
  private var evicted = EvictionLog()
  private var lastEvictedEvent: UInt64?
  /// The highest number that has fallen out.
  private(set) var lastEvicted: UInt64?
  /// Bytes published since the run began.
  private(set) var published = 0
  /// Bytes held.
  private(set) var retained = 0
  /// The number the next item must have.
  private(set) var nextSequence: UInt64 = 0
  /// The number of the first item that cursors are not given yet.
  private(set) var visibleEnd: UInt64 = 0

  /// Adds the next item.
  mutating func append(_ item: TopicItem) {
    let slot = Slot(item: item, offset: published)
    published += item.cost
    retained += item.cost
    nextSequence = item.sequence + 1
    if item.kind == .event { events.append(slot) } else { frames.append(slot) }
  }

  /// How many items a cursor has not been given, those that it has missed included.
  func behind(_ cursor: Cursor) -> Int {
    max(0, eventsBase + events.count - cursor.event)
      + max(0, framesBase + frames.count - cursor.frame)
  }

  /// Lets cursors have all items that were added.
  mutating func show() { visibleEnd = nextSequence }

  /// Lets the oldest items go until at most `limit` bytes are held.
  ///
  /// - Parameter floor: the byte offset below which everybody who must not miss anything has read;
  ///   nothing at or above it is let go.
  mutating func evict(to limit: Int, below floor: Int = .max) {
    while retained > limit, let slot = frames.first, slot.offset < floor {
      retained -= slot.item.cost
      frames.removeFirst()
      framesBase += 1
      if case .frame(let hook) = slot.item.kind { evicted.note(slot.item.sequence, hook: hook) }
      lastEvicted = max(lastEvicted ?? 0, slot.item.sequence)
    }
    while retained > limit, events.count > 1, let slot = events.first, slot.offset < floor {
      retained -= slot.item.cost
      events.removeFirst()
      eventsBase += 1
      evicted.note(slot.item.sequence, hook: nil)
      lastEvictedEvent = slot.item.sequence
      lastEvicted = max(lastEvicted ?? 0, slot.item.sequence)
    }
  }

  /// The place from which `wanted` is the next number; numbers yet to come mean the end.
  func cursor(from wanted: UInt64) -> Cursor {
    let sequence = min(wanted, nextSequence)
    return Cursor(
      event: eventsBase + Self.index(of: sequence, in: events),
      frame: framesBase + Self.index(of: sequence, in: frames),
      frameFloor: sequence, eventFloor: sequence)
  }

  private static func index(of sequence: UInt64, in slots: Deque<Slot>) -> Int {
    var low = 0
    var high = slots.count
    while low < high {
      let middle = (low + high) / 2
      if slots[middle].item.sequence < sequence { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The byte offset of the first item a cursor has not been given.
  func offset(of cursor: Cursor) -> Int {
    let event = slot(cursor.event, in: events, base: eventsBase)?.offset ?? published
    let frame = slot(cursor.frame, in: frames, base: framesBase)?.offset ?? published
    return min(event, frame)
  }

  /// The slot at an absolute index; the first one if that has fallen out; nil past the end.
  private func slot(_ index: Int, in slots: Deque<Slot>, base: Int) -> Slot? {
    let position = max(0, index - base)
    return position < slots.count ? slots[position] : nil
  }

  /// Whether events have fallen out that this cursor was to be given.
  func hasLostEvents(_ cursor: Cursor) -> Bool {
    guard let lastEvictedEvent else { return false }
    return lastEvictedEvent >= cursor.eventFloor
  }

  /// The numbers from a cursor's place on, up to the last one that has fallen out; nil where all are here.
  func past(of cursor: Cursor) -> ClosedRange<UInt64>? {
    let first = max(cursor.eventFloor, cursor.frameFloor)
    guard let lastEvicted, first <= lastEvicted else { return nil }
    return first...lastEvicted
  }

  /// Gives a cursor its next items, in order of their numbers, and moves it.
  ///
  /// - Parameter lag: frames more than this many bytes behind the newest item are skipped and told.
  /// - Returns: what was missed (it comes before the items), and about `byteCount` bytes of items.
  func take(
    _ cursor: inout Cursor, atMost byteCount: Int, lag: Int? = nil
  ) -> (gap: Gap, items: [TopicItem]) {
    var gap = Gap()
    skipEvicted(&cursor, &gap)
    if let lag { skipStale(&cursor, lag, &gap) }
    var items: [TopicItem] = []
    var taken = 0
    while taken < byteCount, let item = nextItem(&cursor) {
      items.append(item)
      taken += item.cost
    }
    return (gap, items)
  }

  private func skipEvicted(_ cursor: inout Cursor, _ gap: inout Gap) {
    if framesBase > 0 {
      evicted.add(to: &gap, from: cursor.frameFloor, frames: true, events: false)
    }
    if eventsBase > 0 {
      evicted.add(to: &gap, from: cursor.eventFloor, frames: false, events: true)
    }
    cursor.frame = max(cursor.frame, framesBase)
    cursor.event = max(cursor.event, eventsBase)
    for entry in gap.missed {
      if entry.hook == nil {
        cursor.eventFloor = max(cursor.eventFloor, entry.last + 1)
      } else {
        cursor.frameFloor = max(cursor.frameFloor, entry.last + 1)
      }
    }
  }

  private func skipStale(_ cursor: inout Cursor, _ lag: Int, _ gap: inout Gap) {
    while let slot = slot(cursor.frame, in: frames, base: framesBase),
      published - slot.offset > lag
    {
      gap.add(slot.item)
      cursor.frame += 1
      cursor.frameFloor = slot.item.sequence + 1
    }
  }

  private func nextItem(_ cursor: inout Cursor) -> TopicItem? {
    let event = visible(slot(cursor.event, in: events, base: eventsBase))
    let frame = visible(slot(cursor.frame, in: frames, base: framesBase))
    if let event, event.sequence < frame?.sequence ?? .max {
      cursor.event += 1
      cursor.eventFloor = event.sequence + 1
      return event
    }
    guard let frame else { return nil }
    cursor.frame += 1
    cursor.frameFloor = frame.sequence + 1
    return frame
  }

  private func visible(_ slot: Slot?) -> TopicItem? {
    guard let item = slot?.item, item.sequence < visibleEnd else { return nil }
    return item
  }
}
