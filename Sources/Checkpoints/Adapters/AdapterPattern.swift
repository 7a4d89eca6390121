/// A key of PEFT's `rank_pattern` or `alpha_pattern`: a regular expression that must match a module's name, or its end
/// behind a dot.
///
/// Of regular expressions it knows what such keys are made of: letters, `.`, `\.`, `\d`, a `^` at the front, and `*` and `+`
/// behind one of these. Matching takes time in proportion to both lengths.
struct AdapterPattern: Sendable, Equatable {
  private enum Item: Sendable, Equatable { case one(UInt8), any, digit }
  private struct Step: Sendable, Equatable {
    var item: Item
    var mayBeAbsent = false
    var mayRepeat = false
  }

  private var steps: [Step] = []
  private var isWhole = false

  /// Nil for an expression with more in it.
  init?(_ text: String) {
    var bytes = Array(text.utf8)[...]
    if bytes.first == UInt8(ascii: "^") {
      isWhole = true
      bytes = bytes.dropFirst()
    }
    while let byte = bytes.popFirst() {
      switch byte {
      case UInt8(ascii: "*"), UInt8(ascii: "+"):
        guard let last = steps.indices.last, !steps[last].mayRepeat else { return nil }
        steps[last].mayRepeat = true
        steps[last].mayBeAbsent = byte == UInt8(ascii: "*")
      case UInt8(ascii: "."): steps.append(Step(item: .any))
      case UInt8(ascii: "\\"):
        switch bytes.popFirst() {
        case UInt8(ascii: "."): steps.append(Step(item: .one(UInt8(ascii: "."))))
        case UInt8(ascii: "d"): steps.append(Step(item: .digit))
        default: return nil
        }
      case let byte where "()[]{}|?$^".utf8.contains(byte): return nil
      default: steps.append(Step(item: .one(byte)))
      }
    }
  }

  /// True if the expression matches the whole name, or all of it behind one of its dots.
  func matches(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    // Which steps may come next: all begin at the front, or behind a dot.
    var places = [Bool](repeating: false, count: steps.count + 1)
    for index in 0...bytes.count {
      let begins = index == 0 || (!isWhole && bytes[index - 1] == UInt8(ascii: "."))
      if begins { places[0] = true }
      for step in steps.indices where places[step] && steps[step].mayBeAbsent {
        places[step + 1] = true
      }
      guard index < bytes.count else { break }
      var next = [Bool](repeating: false, count: steps.count + 1)
      for step in steps.indices where places[step] && accepts(steps[step].item, bytes[index]) {
        next[step + 1] = true
        // One that repeats stays open, and having stood once it may be left.
        if steps[step].mayRepeat { next[step] = true }
      }
      places = next
    }
    return places[steps.count]
  }

  private func accepts(_ item: Item, _ byte: UInt8) -> Bool {
    switch item {
    case .one(let own): own == byte
    case .any: true
    case .digit: (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
  }
}
