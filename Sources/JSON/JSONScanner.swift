/// Walks a JSON text once and builds only what its caller asks for.
///
/// The one reader of JSON here: requests, events, headers of weights, configurations, vocabularies. Foundation's
/// decoders lose the order of members, which is part of a prompt, keep one of two equal names, which a header
/// must not have, and know no offsets; and a vocabulary of 200 000 entries with 400 000 merges is read faster by
/// a walk that puts each string where it belongs than through a tree of values. Nothing is trusted: depth is
/// bounded, every byte is looked at.
///
/// `Failure` is the error of whoever reads, so that a walk throws nothing else.
///
/// - Standard: RFC 8259, strict but for its `rules`: no comments, no trailing commas, no lone surrogates, valid
///   UTF-8; a byte order mark is passed over.
/// - Complexity: linear in the text.
package struct JSONScanner<Failure: Error> {
  package let bytes: [UInt8]
  /// The next byte to look at, counted in `bytes`.
  package var position = 0
  /// Where `bytes` begin in their file.
  private let origin: Int
  /// The next byte to look at, counted from the beginning of the file.
  package var offset: Int { origin + position }
  let rules: JSONRules
  private let refuse: (JSONFault) -> Failure
  private var depth = 0
  /// Values that trees may still hold.
  private var room: Int

  /// - Parameters:
  ///   - origin: where `bytes` begin in their file, for the offsets of errors.
  ///   - refuse: makes the reader's own error of a fault.
  package init(
    _ bytes: [UInt8], origin: Int = 0, _ rules: JSONRules = JSONRules(),
    refuse: @escaping (JSONFault) -> Failure
  ) throws(Failure) {
    self.bytes = bytes
    self.origin = origin
    self.rules = rules
    self.refuse = refuse
    room = rules.values
    do {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      throw fault("UTF-8", found: "broken UTF-8", at: error.byteOffsets.lowerBound)
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// The next byte that is no blank, without taking it.
  package mutating func peek() -> UInt8? {
    while position < bytes.count {
      let byte = bytes[position]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
      position += 1
    }
    return nil
  }

  /// True if the next value begins with this character.
  package mutating func isNext(_ character: Unicode.Scalar) -> Bool {
    peek() == UInt8(ascii: character)
  }

  /// Demands that only blanks are left.
  package mutating func end() throws(Failure) {
    guard peek() == nil else { throw fault("the end of the text") }
  }

  /// Walks an object; the body must take exactly the member's value.
  package mutating func members(
    _ body: (inout JSONScanner, String) throws(Failure) -> Void
  ) throws(Failure) {
    var names: Set<String> = []
    try enter("{", "an object")
    if try leave("}") { return }
    repeat {
      _ = peek()
      let start = position
      let name = try string()
      guard rules.allowsRepeats || names.insert(name).inserted else {
        throw fault("every name once", found: "'\(name)' twice", at: start)
      }
      try take(":")
      try body(&self, name)
    } while try more("}")
  }

  /// Walks an array; the body must take exactly one element.
  package mutating func elements(
    _ body: (inout JSONScanner, Int) throws(Failure) -> Void
  ) throws(Failure) {
    try enter("[", "an array")
    if try leave("]") { return }
    var index = 0
    repeat {
      try body(&self, index)
      index += 1
    } while try more("]")
  }

  /// Opens an array or object.
  package mutating func enter(_ open: Unicode.Scalar, _ expected: String) throws(Failure) {
    guard isNext(open) else { throw fault(expected) }
    depth += 1
    guard depth <= rules.depth else { throw fault("at most \(rules.depth) levels") }
    position += 1
  }

  /// Takes the closing byte of an empty array or object, if it stands here.
  package mutating func leave(_ close: Unicode.Scalar) throws(Failure) -> Bool {
    guard isNext(close) else { return false }
    position += 1
    depth -= 1
    return true
  }

  /// After a value: true if another one follows behind a comma, false if the array or object ends.
  package mutating func more(_ close: Unicode.Scalar) throws(Failure) -> Bool {
    let isLast = isNext(close)
    guard isLast || isNext(",") else { throw fault("',' or '\(close)'") }
    position += 1
    if isLast { depth -= 1 }
    return !isLast
  }

  package mutating func take(_ character: Unicode.Scalar) throws(Failure) {
    guard isNext(character) else { throw fault("'\(character)'") }
    position += 1
  }

  /// Counts a value that is made.
  mutating func count() throws(Failure) {
    room -= 1
    guard room >= 0 else { throw fault("a smaller document", found: "too many values") }
    if room & 0xFFF == 0, Task.isCancelled {
      throw fault("somebody who waits for the document", found: "a task that was cancelled")
    }
  }

  /// An error at a place in `bytes`, by itself the current one, with what stands there.
  package func fault(_ expected: String, found: String? = nil, at place: Int? = nil) -> Failure {
    let place = place ?? position
    return refuse(
      JSONFault(offset: origin + place, expected: expected, found: found ?? text(at: place)))
  }

  private func text(at place: Int) -> String {
    guard place < bytes.count else { return "the end of the text" }
    return "'" + String(decoding: bytes[place..<min(place + 16, bytes.count)], as: UTF8.self) + "'"
  }
}
