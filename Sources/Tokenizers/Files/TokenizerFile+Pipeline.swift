import JSON
import OrderedCollections
import Patterns

private import Foundation

/// The pipeline's parts out of their descriptions in `tokenizer.json`.
///
/// A part, a kind or an option that is not known is refused by name.
extension TokenizerFile {
  /// One described part: its fields and where it stands.
  struct Part {
    var file: TokenizerFile
    var path: String
    var value: JSONValue

    var type: String { value["type"]?.string ?? "nothing" }

    func fault(_ field: String, expected: String, found: JSONValue?) -> TokenizerError {
      file.fault(path + "." + field, expected: expected, found: found?.kind ?? "nothing")
    }

    func text(_ field: String) throws(TokenizerError) -> String {
      guard let text = value[field]?.string else {
        throw fault(field, expected: "a text", found: value[field])
      }
      return text
    }

    func flag(_ field: String, default fallback: Bool) throws(TokenizerError) -> Bool {
      guard let found = value[present: field] else { return fallback }
      guard let flag = found.bool else {
        throw fault(field, expected: "true or false", found: found)
      }
      return flag
    }

    func count(_ field: String) throws(TokenizerError) -> Int {
      guard let found = value[field]?.integer, (0...1024).contains(found) else {
        throw fault(field, expected: "a small count", found: value[field])
      }
      return Int(found)
    }

    func scalar(_ field: String) throws(TokenizerError) -> Unicode.Scalar {
      let text = try text(field)
      guard let scalar = text.unicodeScalars.first, text.unicodeScalars.count == 1 else {
        throw fault(field, expected: "one character", found: value[field])
      }
      return scalar
    }

    /// The described parts of a list.
    func parts(_ field: String) throws(TokenizerError) -> [Part] {
      guard let list = value[field]?.array else {
        throw fault(field, expected: "a list", found: value[field])
      }
      return list.enumerated().map { index, value in
        Part(file: file, path: "\(path).\(field)[\(index)]", value: value)
      }
    }

    /// `{"String": …}` or `{"Regex": …}`.
    func pattern() throws(TokenizerError) -> TextPattern {
      let found = value["pattern"]
      if let literal = found?.string ?? found?["String"]?.string {
        // A long one, made for it, would take as many steps a byte.
        guard literal.utf8.count <= 256 else {
          throw fault("pattern", expected: "at most 256 bytes", found: found)
        }
        return .literal(literal)
      }
      guard let regex = found?["Regex"]?.string else {
        throw fault("pattern", expected: "String or Regex", found: found)
      }
      if let known = KnownSplit(pattern: regex) { return .known(known) }
      do {
        return .expression(try RegularExpression(regex))
      } catch {
        throw file.fault(
          path + ".pattern.Regex", expected: "an expression that is known here",
          found: "\(error.part) at character \(error.offset) of \(regex)")
      }
    }
  }

  /// A part of the file's top level, or nil if it is null or missing.
  private func part(_ name: String) -> Part? {
    guard let value = top[name], !value.isNull else { return nil }
    return Part(file: self, path: name, value: value)
  }

  func readNormalizer() throws(TokenizerError) -> Normalizer? {
    guard let part = part("normalizer") else { return nil }
    return try normalizer(part)
  }

  private func normalizer(_ part: Part) throws(TokenizerError) -> Normalizer {
    switch part.type {
    case "NFC": return .nfc
    case "NFD": return .nfd
    case "NFKC": return .nfkc
    case "NFKD": return .nfkd
    case "Lowercase": return .lowercase
    case "StripAccents": return .stripAccents
    case "Strip":
      return .strip(
        left: try part.flag("strip_left", default: true),
        right: try part.flag("strip_right", default: true))
    case "BertNormalizer": return .bert(try bertRules(part))
    case "Nmt": return .nmt
    case "Precompiled": return try charsmap(part)
    case "ByteLevel": return .byteLevel
    case "Prepend": return .prepend(try part.text("prepend"))
    case "Replace": return .replace(try part.pattern(), with: try part.text("content"))
    case "Sequence":
      var steps: [Normalizer] = []
      for step in try part.parts("normalizers") { steps.append(try normalizer(step)) }
      return .sequence(steps)
    default: throw part.fault("type", expected: "a known normalizer", found: part.value["type"])
    }
  }

  private func bertRules(_ part: Part) throws(TokenizerError) -> BertRules {
    var rules = BertRules()
    rules.cleans = try part.flag("clean_text", default: true)
    rules.separatesHan = try part.flag("handle_chinese_chars", default: true)
    rules.lowercases = try part.flag("lowercase", default: true)
    // Accents go with the lower case where the file does not say.
    rules.stripsAccents = try part.flag("strip_accents", default: rules.lowercases)
    return rules
  }

  private func charsmap(_ part: Part) throws(TokenizerError) -> Normalizer {
    let field = "precompiled_charsmap"
    // Some files have the part without a table: nothing changes.
    guard let found = part.value[present: field] else { return .sequence([]) }
    if found.string?.isEmpty == true { return .sequence([]) }
    guard let bytes = found.string.flatMap({ Data(base64Encoded: $0) }) else {
      throw part.fault(field, expected: "a table in base64", found: found)
    }
    do {
      return .charsmap(try Charsmap(Array(bytes)), byCharacters: true)
    } catch {
      throw file(part, field, "a compiled charsmap", "\(bytes.count) bytes: \(error)")
    }
  }

  private func file(
    _ part: Part, _ field: String, _ expected: String, _ found: String
  ) -> TokenizerError { fault(part.path + "." + field, expected: expected, found: found) }

  func readPreTokenizer() throws(TokenizerError) -> PreTokenizer? {
    guard let part = part("pre_tokenizer") else { return nil }
    return try preTokenizer(part)
  }

  private func preTokenizer(_ part: Part) throws(TokenizerError) -> PreTokenizer {
    switch part.type {
    case "Sequence":
      var steps: [PreTokenizer] = []
      for step in try part.parts("pretokenizers") { steps.append(try preTokenizer(step)) }
      return .sequence(steps)
    case "ByteLevel":
      return .byteLevel(
        addPrefixSpace: try part.flag("add_prefix_space", default: true),
        splits: try part.flag("use_regex", default: true))
    case "Split":
      return .split(
        try part.pattern(), try behavior(part), inverted: try part.flag("invert", default: false))
    case "Digits": return .digits(individual: try part.flag("individual_digits", default: false))
    case "Punctuation": return .punctuation(try behavior(part))
    case "BertPreTokenizer": return .sequence([.whitespaceSplit, .punctuation(.isolated)])
    case "CharDelimiterSplit":
      return .split(.literal(String(try part.scalar("delimiter"))), .removed, inverted: false)
    case "FixedLength":
      let length = try part.count("length")
      guard length > 0 else {
        throw part.fault("length", expected: "at least 1", found: part.value["length"])
      }
      return .fixedLength(length)
    case "WhitespaceSplit": return .whitespaceSplit
    case "Whitespace":
      return .split(try whitespaceWords(part), .removed, inverted: true)
    case "Metaspace": return try metaspace(part)
    default: throw part.fault("type", expected: "a known pre-tokenizer", found: part.value["type"])
    }
  }

  /// `\w+|[^\w\s]+` of Rust, whose `\w` has the joiners and no numbers but decimal ones, unlike Oniguruma's.
  private static let wordsAndMarks =
    #"(?:[^\W\p{No}]|[\u200C\u200D])+|(?:(?![\s\u200C\u200D])[\W\p{No}])+"#

  private func whitespaceWords(_ part: Part) throws(TokenizerError) -> TextPattern {
    do {
      return .expression(try RegularExpression(Self.wordsAndMarks))
    } catch {
      throw part.fault("type", expected: "a known pre-tokenizer", found: part.value["type"])
    }
  }

  private func behavior(_ part: Part) throws(TokenizerError) -> PreTokenizer.Behavior {
    guard let found = part.value["behavior"] else { return .isolated }
    guard let behavior = found.string.flatMap({ PreTokenizer.Behavior(rawValue: $0) }) else {
      throw part.fault("behavior", expected: "a known behavior", found: found)
    }
    return behavior
  }

  private func metaspace(_ part: Part) throws(TokenizerError) -> PreTokenizer {
    .metaspace(
      replacement: try part.scalar("replacement"), try prefix(part),
      splits: try part.flag("split", default: true))
  }

  /// `prepend_scheme`, or `add_prefix_space` in older files.
  private func prefix(_ part: Part) throws(TokenizerError) -> PreTokenizer.Prefix {
    guard let found = part.value["prepend_scheme"] else {
      return try part.flag("add_prefix_space", default: true) ? .always : .never
    }
    guard let prefix = found.string.flatMap({ PreTokenizer.Prefix(rawValue: $0) }) else {
      throw part.fault("prepend_scheme", expected: "always, never or first", found: found)
    }
    return prefix
  }

  func readDecoder() throws(TokenizerError) -> PieceDecoder {
    var decoder = PieceDecoder()
    guard let part = part("decoder") else {
      // HF's library puts a blank between the tokens of a file that says nothing.
      decoder.steps = [.words(continuation: "", cleansUp: false)]
      return decoder
    }
    var fused = false
    try read(part, into: &decoder, &fused)
    return decoder
  }

  private func read(
    _ part: Part, into decoder: inout PieceDecoder, _ fused: inout Bool
  ) throws(TokenizerError) {
    switch part.type {
    case "Sequence":
      for step in try part.parts("decoders") { try read(step, into: &decoder, &fused) }
    case "WordPiece" where !fused:
      decoder.steps.append(
        .words(
          continuation: try part.text("prefix"), cleansUp: try part.flag("cleanup", default: true)))
    case "ByteLevel" where !fused: decoder.steps.append(.byteLevel)
    case "ByteFallback" where !fused: decoder.steps.append(.byteFallback)
    case "Fuse": fused = true
    case "Replace":
      // Replacing one character is the same before and after the pieces are put together.
      guard case .literal(let old) = try part.pattern(), !fused || old.unicodeScalars.count == 1
      else {
        throw part.fault("pattern", expected: "a String", found: part.value["pattern"])
      }
      decoder.steps.append(.replace(old, with: try part.text("content")))
    case "Strip":
      let left = try part.count("start")
      let right = try part.count("stop")
      let character = try part.scalar("content")
      guard fused else {
        decoder.steps.append(.strip(character, left: left, right: right))
        return
      }
      guard right == 0 else {
        throw part.fault("stop", expected: "0 after Fuse", found: part.value["stop"])
      }
      decoder.leadingStrip = .init(character: character, left: left)
    case "Metaspace" where !fused:
      let marker = String(try part.scalar("replacement"))
      decoder.steps.append(.replace(marker, with: " "))
      if try prefix(part) != .never { decoder.droppedFromFirst = marker }
    default: throw part.fault("type", expected: "a known decoder", found: part.value["type"])
    }
  }
}
