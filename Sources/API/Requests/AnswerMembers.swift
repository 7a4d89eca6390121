internal import Constraints
internal import HTTP
internal import JSON
internal import Runs

/// Reads the members that say what the text of an answer must be: OpenAI's, llama.cpp's and vLLM's.
enum AnswerMembers {
  /// Texts of a choice at most.
  private static let choiceLimit = 4096

  /// The names by which other servers know them, at the top of a body.
  static let guided = [
    "grammar", "guided_choice", "guided_grammar", "guided_json", "guided_regex", "json_schema",
    "structured_outputs",
  ]

  /// What the text must be, and where that stands; nil where it may be anything.
  ///
  /// - Parameter format: what stands in the place of `response_format`.
  static func content(
    _ fields: Fields, format: Fields? = nil
  ) throws(Refusal) -> (content: AnswerContent, path: String)? {
    var found: [(content: AnswerContent, path: String)] = []
    var own = format
    if own == nil { own = try fields.object("response_format") }
    if let own, let one = try read(format: own) { found.append(one) }
    for name in guided where fields[name] != nil {
      if let one = try read(name, fields) { found.append(one) }
    }
    guard found.count < 2 else {
      throw .conflict(fields: found.map(\.path), reason: "an answer is held to one of them")
    }
    return found.first
  }

  private static func read(
    format: Fields
  ) throws(Refusal) -> (content: AnswerContent, path: String)? {
    let kinds = ["text", "json_object", "json_schema", "regex", "grammar"]
    guard let kind = try format.choice("type", kinds) else {
      throw .missing(field: format.name("type"))
    }
    switch kind {
    case "text": return nil
    case "json_object":
      guard format["schema"] != nil else { return (.jsonObject, format.name("type")) }
      return try schema(format, "schema")
    case "json_schema":
      // OpenAI's chat has it within one more object, its responses and llama.cpp have not.
      let inner = try format.object("json_schema") ?? format
      guard inner["schema"] != nil else { throw .missing(field: inner.name("schema")) }
      return try schema(inner, "schema")
    case "regex":
      guard let pattern = try format.string("pattern") else {
        throw .missing(field: format.name("pattern"))
      }
      return (.regex(pattern), format.name("pattern"))
    default:
      guard let text = try format.string("grammar") else {
        throw .missing(field: format.name("grammar"))
      }
      return (.grammar(text), format.name("grammar"))
    }
  }

  private static func read(
    _ name: String, _ fields: Fields
  ) throws(Refusal) -> (content: AnswerContent, path: String)? {
    switch name {
    case "grammar", "guided_grammar":
      return try fields.string(name).map { (.grammar($0), fields.name(name)) }
    case "guided_choice", "choice": return try choice(fields, name)
    case "guided_regex", "regex":
      return try fields.string(name).map { (.regex($0), fields.name(name)) }
    case "guided_json", "json_schema", "json": return try schema(fields, name)
    case "json_object":
      return try fields.bool(name) ?? false ? (.jsonObject, fields.name(name)) : nil
    default:
      guard let object = try fields.object(name) else { return nil }
      let known = ["choice", "grammar", "json", "json_object", "regex"]
      for member in object.value.members ?? []
      where !known.contains(member.name) && !member.value.isNull && member.value != false {
        throw .notImplemented(
          field: object.name(member.name), found: member.value.kind,
          reason: "an answer is held to one of \(known.joined(separator: ", "))")
      }
      var found: [(content: AnswerContent, path: String)] = []
      for name in known where object[name] != nil {
        if let one = try read(name, object) { found.append(one) }
      }
      guard found.count < 2 else {
        throw .conflict(fields: found.map(\.path), reason: "an answer is held to one of them")
      }
      return found.first
    }
  }

  /// A schema, which some clients send as its text.
  private static func schema(
    _ fields: Fields, _ name: String
  ) throws(Refusal) -> (content: AnswerContent, path: String)? {
    guard let value = fields[name] else { return nil }
    if let text = value.string {
      guard let parsed = try? JSONValue(parsing: Array(text.utf8)), parsed.members != nil else {
        throw fields.wrong(name, "a JSON schema, as an object or its text", value)
      }
      return (.schema(parsed), fields.name(name))
    }
    guard value.members != nil || value.bool != nil else {
      throw fields.wrong(name, "a JSON schema", value)
    }
    return (.schema(value), fields.name(name))
  }

  private static func choice(
    _ fields: Fields, _ name: String
  ) throws(Refusal) -> (content: AnswerContent, path: String)? {
    guard let value = fields[name] else { return nil }
    guard value.array != nil, let texts = try fields.strings(name), !texts.isEmpty else {
      throw fields.wrong(name, "an array of strings", value)
    }
    guard texts.count <= choiceLimit else {
      throw .outOfRange(
        field: fields.name(name), found: "\(texts.count) strings",
        allowed: "at most \(choiceLimit)")
    }
    guard !texts.contains("") else {
      throw .outOfRange(
        field: fields.name(name), found: "an empty string", allowed: "strings with characters")
    }
    return (.choice(texts), fields.name(name))
  }
}

extension AnswerOrder {
  /// Holds a run to its constraint; stop strings that are not looked for are taken off, and that is told.
  func hold(
    _ order: inout RunOrder, to constraint: Constraint?, telling remarks: RequestRemarks
  ) {
    order.constraint = constraint
    guard let remark = stopRemark(order.sampling.stop) else { return }
    order.sampling.stop = []
    remarks.add(remark)
  }

  /// What is to be told where stop strings are not looked for, or nil.
  ///
  /// JSON that is cut at a stop string is none, and behind its end nothing is written.
  private func stopRemark(_ stops: [String]) -> String? {
    guard !stops.isEmpty, content?.isValue ?? false else { return nil }
    return "stop is not used, since \(path) ends the answer where its JSON is whole"
  }
}
