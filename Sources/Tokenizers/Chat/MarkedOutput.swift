/// Sorts text with marks into answer, thought and function calls, piece by piece.
///
/// Nothing is lost: what begins like a call and is none is a part of the answer.
struct MarkedOutput: Sendable {
  private enum Place: Sendable {
    case answer, thought
    /// Behind a mark, before the first object or name.
    case opening
    case call(CallReader)
    /// In a name behind a mark, before its arguments.
    case name
    /// Behind a call.
    case between
  }

  private let marks: OutputMarks
  private let expectsCalls: Bool
  private var place: Place
  /// Text that is not certain yet: it may begin a mark, or be white space that nobody wants.
  private var held: [UInt8] = []
  private var calls = 0
  /// Whether the call under way has been announced.
  private var isAnnounced = false
  /// The mark before the call under way.
  private var mark = ""
  private var isInList = false
  /// Whether some of the answer was handed out.
  private var hasAnswered = false
  /// Whether white space that comes next is nobody's.
  private var skipsSpace = false
  private static let nameLimit = 256

  /// - Parameters:
  ///   - expectsCalls: whether functions were offered; otherwise what looks like a call is text.
  ///   - beginsInThought: whether the prompt ended with the beginning of a thought.
  init(_ marks: OutputMarks, expectsCalls: Bool, beginsInThought: Bool) {
    self.marks = marks
    self.expectsCalls = expectsCalls && marks.calls != .none
    place = beginsInThought ? .thought : .answer
    skipsSpace = beginsInThought
  }

  /// Whether what came last is a part of the answer, as far as is known.
  var isInAnswer: Bool { if case .answer = place { true } else { false } }
  /// Code points of the answer that are held back.
  var heldLength: Int {
    isInAnswer ? String(decoding: held, as: UTF8.self).unicodeScalars.count : 0
  }

  mutating func append(_ text: String) -> ChatDelta {
    var delta = ChatDelta()
    held += text.utf8
    while step(&delta) {}
    return delta
  }

  /// Ends the text: what was held back, and what never became a call, is handed out.
  mutating func finish() -> ChatDelta {
    var delta = ChatDelta()
    switch place {
    case .answer: show(held, &delta)
    case .thought: delta.reasoning = Self.text(Self.trimmedEnd(held[...]))
    case .call(let reader): if !isAnnounced { show(Array(mark.utf8) + reader.bytes, &delta) }
    case .name, .opening: show(Array(mark.utf8) + held, &delta)
    case .between: break
    }
    held = []
    return delta
  }

  // MARK: Steps

  /// Does what can be done with the held text; false where more is needed.
  private mutating func step(_ delta: inout ChatDelta) -> Bool {
    if skipsSpace {
      held.removeFirst(held.prefix(while: Self.isSpace).count)
      guard !held.isEmpty else { return false }
      skipsSpace = false
    }
    switch place {
    case .answer: return answer(&delta)
    case .thought: return think(&delta)
    case .opening: return open(&delta)
    case .name: return name(&delta)
    case .call(let reader): return call(reader, &delta)
    case .between: return goOn()
    }
  }

  private mutating func answer(_ delta: inout ChatDelta) -> Bool {
    if !hasAnswered {
      guard let start = held.firstIndex(where: { !Self.isSpace($0) }) else { return false }
      let rest = held[start...]
      let thought = OutputMarks.thought.open
      if marks.thinks, rest.starts(with: thought.utf8) {
        held.removeFirst(start + thought.utf8.count)
        begin(thought, .thought)
        skipsSpace = true
        return true
      }
      if marks.thinks, thought.utf8.starts(with: rest) { return false }
      if expectsCalls, marks.calls == .bare, held[start] == UInt8(ascii: "{") {
        held.removeFirst(start)
        begin("", .call(CallReader()))
        return true
      }
    }
    let openings = expectsCalls ? marks.openings : []
    guard let found = first(openings) else {
      let sure = certain(openings, holdsSpace: expectsCalls)
      show(Array(held[..<sure]), &delta)
      held.removeFirst(sure)
      return false
    }
    // White space before a call is nobody's.
    show(Array(Self.trimmedEnd(held[..<found.place])), &delta)
    held.removeFirst(found.place + found.mark.utf8.count)
    begin(found.mark, .opening)
    return true
  }

  private mutating func begin(_ mark: String, _ place: Place) {
    self.mark = mark
    self.place = place
    isAnnounced = false
  }

  private mutating func think(_ delta: inout ChatDelta) -> Bool {
    let close = OutputMarks.thought.close
    guard let found = first([close]) else {
      let sure = certain([close], holdsSpace: true)
      delta.reasoning += Self.text(held[..<sure])
      held.removeFirst(sure)
      return false
    }
    delta.reasoning += Self.text(Self.trimmedEnd(held[..<found.place]))
    held.removeFirst(found.place + close.utf8.count)
    place = .answer
    skipsSpace = true
    return true
  }

  private mutating func open(_ delta: inout ChatDelta) -> Bool {
    guard let start = held.firstIndex(where: { !Self.isSpace($0) }) else { return false }
    switch (held[start], marks.calls) {
    case (UInt8(ascii: "{"), _):
      held.removeFirst(start)
      place = .call(CallReader())
    case (UInt8(ascii: "["), .listed):
      held.removeFirst(start + 1)
      isInList = true
      place = .between
    case (_, .listed): place = .name
    default: giveUp([], &delta)
    }
    return true
  }

  /// What looked like a call is text.
  private mutating func giveUp(_ bytes: [UInt8], _ delta: inout ChatDelta) {
    show(Array(mark.utf8) + bytes, &delta)
    place = .answer
  }

  private mutating func name(_ delta: inout ChatDelta) -> Bool {
    let ends = [OutputMarks.arguments, "{"]
    guard let found = first(ends) else {
      guard held.count > Self.nameLimit else { return false }
      giveUp([], &delta)
      return true
    }
    let name = Self.text(Self.trimmedEnd(held[..<found.place])).drop { $0.isWhitespace }
    guard !name.isEmpty, !name.contains(where: \.isNewline) else {
      giveUp([], &delta)
      return true
    }
    held.removeFirst(found.place + (found.mark == "{" ? 0 : found.mark.utf8.count))
    place = .call(CallReader(name: String(name)))
    return true
  }

  private mutating func call(_ begun: CallReader, _ delta: inout ChatDelta) -> Bool {
    var reader = begun
    var taken = 0
    while reader.state == .reading, taken < held.count {
      reader.append(held[taken])
      taken += 1
    }
    held.removeFirst(taken)
    announce(&reader, &delta)
    switch reader.state {
    case .reading:
      place = .call(reader)
      return false
    case .done: place = .between
    case .failed where isAnnounced: place = .answer
    case .failed: giveUp(reader.bytes, &delta)
    }
    return true
  }

  private mutating func announce(_ reader: inout CallReader, _ delta: inout ChatDelta) {
    guard reader.state != .failed || isAnnounced, let name = reader.name else { return }
    if !isAnnounced {
      isAnnounced = true
      delta.toolCalls.append(ToolCallDelta(index: calls, name: name, arguments: ""))
      calls += 1
    }
    let arguments = reader.takeArguments()
    guard !arguments.isEmpty else { return }
    delta.toolCalls.append(ToolCallDelta(index: calls - 1, name: nil, arguments: arguments))
  }

  /// Behind a call: its closing mark, another call, or the answer.
  private mutating func goOn() -> Bool {
    let separators = isInList ? ",;" : ";"
    held.removeFirst(
      held.prefix { Self.isSpace($0) || separators.utf8.contains($0) }.count)
    guard let byte = held.first else { return false }
    let isNext = isInList || marks.calls == .bare
    if isNext, byte == UInt8(ascii: "{") {
      begin("", .call(CallReader()))
      return true
    }
    if isInList, byte == UInt8(ascii: "]") {
      held.removeFirst()
      isInList = false
      return true
    }
    let close = marks.closing
    if held.starts(with: close.utf8) {
      held.removeFirst(close.utf8.count)
    } else if close.utf8.starts(with: held) {
      return false
    }
    isInList = false
    place = .answer
    skipsSpace = true
    return true
  }

  // MARK: Bytes

  private mutating func show(_ bytes: [UInt8], _ delta: inout ChatDelta) {
    guard !bytes.isEmpty else { return }
    hasAnswered = true
    delta.content += Self.text(bytes)
  }

  /// The mark that comes first in the held text.
  private func first(_ marks: [String]) -> (place: Int, mark: String)? {
    for place in held.indices {
      for mark in marks where held[place...].starts(with: mark.utf8) { return (place, mark) }
    }
    return nil
  }

  /// How many of the held bytes can't begin a mark, nor be the white space before one.
  private func certain(_ marks: [String], holdsSpace: Bool) -> Int {
    let longest = marks.reduce(0) { max($0, $1.utf8.count - 1) }
    var end = held.count
    for count in stride(from: min(longest, held.count), to: 0, by: -1) {
      let tail = held[(held.count - count)...]
      guard marks.contains(where: { $0.utf8.starts(with: tail) }) else { continue }
      end = held.count - count
      break
    }
    return holdsSpace ? Self.trimmedEnd(held[..<end]).count : end
  }

  private static func text(_ bytes: some Collection<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
  }

  private static func trimmedEnd(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    bytes.prefix((bytes.lastIndex { !isSpace($0) } ?? bytes.startIndex - 1) + 1 - bytes.startIndex)
  }
}
