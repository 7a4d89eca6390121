internal import JSON

/// The manual page, made of what the commands say of themselves.
struct ManualPage {
  private let command: JSONValue
  private let version: String

  /// - Parameter help: what `--experimental-dump-help` prints.
  init(_ help: JSONValue, version: String) {
    command = help["command"] ?? .null
    self.version = version
  }

  /// The page in the macros of man(7).
  var text: String {
    let name = command["commandName"]?.string ?? ""
    var lines = [
      ".TH \(Self.escaped(name).uppercased()) 1 \"\" \"\(Self.escaped(name)) \(version)\"",
      ".SH NAME",
      "\(Self.escaped(name)) \\- \(Self.escaped(command["abstract"]?.string ?? ""))",
      ".SH SYNOPSIS", ".B \(Self.escaped(name))", "\\fIcommand\\fR [\\fIoptions\\fR]",
    ]
    if let discussion = command["discussion"]?.string {
      lines += [".SH DESCRIPTION"] + Self.paragraphs(discussion)
    }
    lines.append(".SH COMMANDS")
    for one in command["subcommands"]?.array ?? [] { lines += section(one, below: name) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func section(_ command: JSONValue, below parent: String) -> [String] {
    guard command["shouldDisplay"]?.bool != false, let own = command["commandName"]?.string,
      own != "help"
    else { return [] }
    let name = "\(parent) \(own)"
    var lines = [".SS \"\(Self.escaped(name))\"", Self.escaped(command["abstract"]?.string ?? "")]
    if let discussion = command["discussion"]?.string { lines += Self.paragraphs(discussion) }
    for argument in command["arguments"]?.array ?? []
    where argument["shouldDisplay"]?.bool != false {
      lines += [".TP", Self.term(argument), Self.escaped(argument["abstract"]?.string ?? "")]
    }
    for one in command["subcommands"]?.array ?? [] { lines += section(one, below: name) }
    return lines
  }

  /// An option as it is typed.
  private static func term(_ argument: JSONValue) -> String {
    let value = argument["valueName"]?.string.map { "\\fI\(escaped($0))\\fR" } ?? ""
    guard argument["kind"]?.string != "positional" else { return value }
    let names = (argument["names"]?.array ?? []).map { name in
      let dashes = name["kind"]?.string == "long" ? "--" : "-"
      return "\\fB" + escaped(dashes + (name["name"]?.string ?? "")) + "\\fR"
    }
    return names.joined(separator: ", ") + (argument["kind"]?.string == "option" ? " " + value : "")
  }

  /// Paragraphs as they are; lines that are set in are kept as lines.
  private static func paragraphs(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line -> [String] in
      if line.isEmpty { return [".PP"] }
      return line.hasPrefix("  ") ? [".br", escaped(String(line))] : [escaped(String(line))]
    }
  }

  /// Text in which nothing is a request of roff.
  static func escaped(_ text: String) -> String {
    let plain = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
      .split(whereSeparator: \.isNewline).joined(separator: " ")
    return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
  }
}
