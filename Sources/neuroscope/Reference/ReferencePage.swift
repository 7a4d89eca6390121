internal import JSON
internal import API

/// The reference as lines for a terminal of a hundred columns.
struct ReferencePage {
  private let document: ReferenceDocument
  private let operations: [ReferenceOperation]
  private let server: String
  private let hasColour: Bool
  private let width = 100

  init(_ document: ReferenceDocument, server: String, hasColour: Bool) {
    self.document = document
    operations = document.operations
    self.server = server.hasSuffix("/") ? String(server.dropLast()) : server
    self.hasColour = hasColour
  }

  /// Every operation in short, or those that have all the words, with members and answers.
  ///
  /// - Throws: where nothing has them.
  func lines(matching words: [String]) throws(CommandFailure) -> [String] {
    let found = operations.filter { operation in
      let text = searched(operation)
      return words.allSatisfy { text.contains($0.lowercased()) }
    }
    guard !found.isEmpty else {
      throw CommandFailure(
        "Nothing in the reference has \(words.joined(separator: " and ")); "
          + "groups: \(groups.joined(separator: ", "))")
    }
    var lines = words.isEmpty ? heading : []
    for group in groups {
      let members = found.filter { $0.tag == group }
      guard !members.isEmpty else { continue }
      if words.isEmpty { lines += ["", bold(group.uppercased())] }
      for operation in members { lines += self.lines(operation, inFull: !words.isEmpty) }
    }
    if !words.isEmpty { lines.removeFirst() }
    return lines
  }

  private var groups: [String] {
    (document.value["tags"]?.array ?? []).compactMap { $0["name"]?.string }
  }

  private func searched(_ operation: ReferenceOperation) -> String {
    [operation.method, operation.path, operation.id, operation.tag, operation.summary]
      .joined(separator: " ").lowercased()
  }

  private var heading: [String] {
    [
      bold("NeuroScope \(Version.text)"), "",
      "$run, $recording and $intervention stand for ids that the server gave.",
      "neuroscope reference WORD shows what has the word, with all members and answers.",
    ]
  }

  // MARK: One operation

  private func lines(_ operation: ReferenceOperation, inFull: Bool) -> [String] {
    var lines = ["", bold("\(operation.method) \(operation.path)")]
    lines += wrapped(operation.summary, indent: 2)
    if inFull {
      lines += table(operation)
      lines += statuses(operation)
    }
    let curl = CurlLine(operation, server: server, width: width - 2).text
    return lines + curl.split(separator: "\n").map { "  " + dim(String($0)) }
  }

  /// Statuses that mean the same stand in one line.
  private func statuses(_ operation: ReferenceOperation) -> [String] {
    var groups: [(codes: [String], meaning: String)] = []
    for (code, meaning) in operation.statuses {
      if let index = groups.firstIndex(where: { $0.meaning == meaning }) {
        groups[index].codes.append(code)
      } else {
        groups.append(([code], meaning))
      }
    }
    return groups.flatMap { group in
      let codes = group.codes.joined(separator: ", ")
      return wrapped("\(codes)  \(group.meaning)", indent: 2, hanging: codes.count + 4)
    }
  }

  /// Name, kind and meaning of each parameter; `*` marks those that have to be there.
  private func table(_ operation: ReferenceOperation) -> [String] {
    let names = operation.parameters.map { parameter in
      String(repeating: " ", count: 2 * parameter.depth) + parameter.name
        + (parameter.isRequired ? " *" : "")
    }
    let column = (names.map(\.count).max() ?? 0) + 2
    return zip(names, operation.parameters).flatMap { name, parameter in
      let place = parameter.place == .body ? "" : " (\(parameter.place.rawValue))"
      let more = parameter.description.isEmpty ? "" : ". " + parameter.description
      return wrapped(
        name.padded(to: column) + parameter.kind + place + more, indent: 4, hanging: 4 + column)
    }
  }

  // MARK: Text

  /// Words in lines of the page's width; lines after the first begin at the hanging column.
  private func wrapped(_ text: String, indent: Int, hanging: Int? = nil) -> [String] {
    var lines: [String] = []
    var line = String(repeating: " ", count: indent)
    var isEmpty = true
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if !isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = String(repeating: " ", count: hanging ?? indent)
        isEmpty = true
      }
      line += isEmpty ? String(word) : " \(word)"
      isEmpty = false
    }
    return lines + [line]
  }

  private func bold(_ text: String) -> String { hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
  private func dim(_ text: String) -> String { hasColour ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
}
