internal import JSON

/// Reads the part of YAML that this project's documents use, as JSON values.
///
/// Mappings and sequences by indentation, flow collections on one line, plain and quoted scalars, and literal blocks
/// (`|`). No anchors, tags or several documents: a file that uses more is refused, so nothing is read wrongly.
///
/// - Standard: YAML 1.2.2, JSON schema of chapter 10.2 for plain scalars.
struct YAMLReader {
  /// Where a document uses something that is not read here.
  struct Fault: Error, Equatable {
    let line: Int
    let expected: String
  }

  private struct Line {
    let number: Int
    let indent: Int
    let text: Substring
  }

  private var lines: [Line] = []
  private var index = 0

  /// Reads a whole document.
  static func read(_ text: String) throws(Fault) -> JSONValue {
    var reader = YAMLReader()
    for (number, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let indent = raw.prefix { $0 == " " }.count
      reader.lines.append(Line(number: number + 1, indent: indent, text: raw.dropFirst(indent)))
    }
    let value = try reader.block(indent: 0)
    if let line = reader.peek() { throw Fault(line: line.number, expected: "the end") }
    return value
  }

  /// The next line that says something.
  private mutating func peek() -> Line? {
    while index < lines.count, lines[index].text.isEmpty || lines[index].text.hasPrefix("#") {
      index += 1
    }
    return index < lines.count ? lines[index] : nil
  }

  /// The mapping or sequence whose lines begin at a column.
  private mutating func block(indent: Int) throws(Fault) -> JSONValue {
    guard let first = peek(), first.indent >= indent else { return .null }
    return first.text.hasPrefix("- ")
      ? try sequence(indent: first.indent) : try mapping(indent: first.indent)
  }

  private mutating func sequence(indent: Int) throws(Fault) -> JSONValue {
    var elements: [JSONValue] = []
    while let line = peek(), line.indent == indent, line.text.hasPrefix("- ") {
      let rest = line.text.dropFirst(2)
      if Self.keyEnd(rest) != nil, !rest.hasPrefix("{"), !rest.hasPrefix("[") {
        // A mapping that begins beside the dash: the dash counts as indentation.
        lines[index] = Line(number: line.number, indent: indent + 2, text: rest)
        elements.append(try mapping(indent: indent + 2))
      } else {
        index += 1
        elements.append(try scalar(rest, line.number))
      }
    }
    return .array(elements)
  }

  private mutating func mapping(indent: Int) throws(Fault) -> JSONValue {
    var members: [JSONValue.Member] = []
    while let line = peek(), line.indent == indent, !line.text.hasPrefix("- ") {
      guard let end = Self.keyEnd(line.text) else {
        throw Fault(line: line.number, expected: "a name and a colon")
      }
      let name = try scalar(line.text[..<end], line.number)
      let rest = line.text[line.text.index(after: end)...].drop { $0 == " " }
      index += 1
      let value =
        rest.isEmpty
        ? try block(indent: indent + 1)
        : rest == "|" ? literal(indent: indent) : try scalar(rest, line.number)
      members.append(.init(name.string ?? String(line.text[..<end]), value))
    }
    if let line = peek(), line.indent > indent {
      throw Fault(line: line.number, expected: "indentation of \(indent)")
    }
    return JSONValue(members: members)
  }

  /// The lines of a literal block, without its indentation.
  private mutating func literal(indent: Int) -> JSONValue {
    var text: [String] = []
    var margin: Int?
    while index < lines.count, lines[index].text.isEmpty || lines[index].indent > indent {
      let line = lines[index]
      let own = margin ?? line.indent
      if !line.text.isEmpty { margin = own }
      text.append(String(repeating: " ", count: max(0, line.indent - own)) + line.text)
      index += 1
    }
    while text.last?.isEmpty == true { text.removeLast() }
    return .string(text.joined(separator: "\n") + "\n")
  }

  /// Where the colon behind a name stands: outside quotes, followed by a blank or the end.
  private static func keyEnd(_ text: Substring) -> Substring.Index? {
    var quote: Character?
    for place in text.indices {
      let character = text[place]
      if let open = quote {
        if character == open { quote = nil }
        continue
      }
      if character == "\"" || character == "'" {
        if place == text.startIndex { quote = character }
      } else if character == ":" {
        let next = text.index(after: place)
        if next == text.endIndex || text[next] == " " { return place }
      }
    }
    return nil
  }

  private func scalar(_ text: Substring, _ line: Int) throws(Fault) -> JSONValue {
    var flow = YAMLFlow(text: text, line: line)
    return try flow.document()
  }
}

/// What stands on one line: flow collections and scalars.
struct YAMLFlow {
  private let characters: [Character]
  private let line: Int
  private var place = 0

  init(text: Substring, line: Int) {
    characters = Array(text)
    self.line = line
  }

  mutating func document() throws(YAMLReader.Fault) -> JSONValue {
    let value = try value(inside: false)
    skipBlanks()
    guard place == characters.count || characters[place] == "#" else {
      throw fault("the end of the line")
    }
    return value
  }

  private func fault(_ expected: String) -> YAMLReader.Fault {
    YAMLReader.Fault(line: line, expected: expected)
  }

  private var peek: Character? { place < characters.count ? characters[place] : nil }

  private mutating func skipBlanks() {
    while peek == " " { place += 1 }
  }

  private mutating func take(_ character: Character) -> Bool {
    skipBlanks()
    guard peek == character else { return false }
    place += 1
    return true
  }

  private mutating func value(inside: Bool) throws(YAMLReader.Fault) -> JSONValue {
    skipBlanks()
    switch peek {
    case "{": return try object()
    case "[": return try array()
    case "\"": return .string(try quoted())
    case "&", "*", "!", "'", ">", "%", "@": throw fault("no anchor, tag or other quote")
    default: return plain(inside: inside)
    }
  }

  private mutating func array() throws(YAMLReader.Fault) -> JSONValue {
    place += 1
    var elements: [JSONValue] = []
    if take("]") { return .array(elements) }
    repeat { elements.append(try value(inside: true)) } while take(",")
    guard take("]") else { throw fault("']'") }
    return .array(elements)
  }

  private mutating func object() throws(YAMLReader.Fault) -> JSONValue {
    place += 1
    var members: [JSONValue.Member] = []
    if take("}") { return JSONValue(members: members) }
    repeat {
      let name = try value(inside: true)
      guard take(":") else { throw fault("':'") }
      members.append(.init(name.string ?? "", try value(inside: true)))
    } while take(",")
    guard take("}") else { throw fault("'}'") }
    return JSONValue(members: members)
  }

  private mutating func quoted() throws(YAMLReader.Fault) -> String {
    place += 1
    var text = ""
    while let character = peek {
      place += 1
      if character == "\"" { return text }
      guard character == "\\" else {
        text.append(character)
        continue
      }
      guard let escaped = peek, let meaning = ["n": "\n", "\"": "\"", "\\": "\\"][escaped] else {
        throw fault("a known escape")
      }
      place += 1
      text.append(meaning)
    }
    throw fault("the end of a quotation")
  }

  private mutating func plain(inside: Bool) -> JSONValue {
    let start = place
    while let character = peek {
      if inside, ",]}".contains(character) { break }
      let next = place + 1 < characters.count ? characters[place + 1] : " "
      if inside, character == ":", next == " " { break }
      if character == " ", next == "#" { break }
      place += 1
    }
    let text = String(characters[start..<place]).trimmingBlanks
    switch text {
    case "", "null", "~": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    default: return Self.number(text) ?? .string(text)
    }
  }

  private static func number(_ text: String) -> JSONValue? {
    guard let first = text.first, first == "-" || first.isNumber,
      text.allSatisfy({ $0.isNumber || "-+.eE".contains($0) })
    else { return nil }
    return (try? JSONValue(parsing: Array(text.utf8)))
  }
}

extension String {
  fileprivate var trimmingBlanks: String {
    let front = drop { $0 == " " }
    return String(front.reversed().drop { $0 == " " }.reversed())
  }
}
