import OrderedCollections

/// The arguments that a filter, a test or a method takes, as Jinja and Python have them.
///
/// An argument that is not understood would change the text without a word, so whatever a call gives beyond these
/// is refused by the name of what is called.
struct JinjaSignature: Sendable {
  /// Arguments that must be given.
  var required = 0
  /// All of them in order; where `byName` is false they have no names in Python either.
  var names: [String] = []
  var byName = true

  /// Why arguments do not fit, or nil.
  func fault(_ given: JinjaInterpreter.Values) -> String? {
    if given.positional.count > names.count { return "more than \(names.count) arguments" }
    let open = names.dropFirst(given.positional.count)
    for name in given.named.keys {
      guard byName, open.contains(name) else { return "an argument '\(name.prefix(80))'" }
    }
    let missing = names.prefix(required).dropFirst(given.positional.count)
    if let name = missing.first(where: { given.named[$0] == nil }) {
      return "no argument '\(name)'"
    }
    return nil
  }

  /// Of filters; those of any number of arguments (`map`, `select`, …) are not here.
  static let filters: [String: JinjaSignature] = {
    let none = JinjaSignature()
    var all = Dictionary(
      uniqueKeysWithValues: [
        "abs", "capitalize", "count", "e", "escape", "first", "items", "last", "length", "list",
        "lower", "reverse", "safe", "string", "title", "upper",
      ].map { ($0, none) })
    for name in ["default", "d"] {
      all[name] = JinjaSignature(names: ["default_value", "boolean"])
    }
    for name in ["min", "max", "unique"] {
      all[name] = JinjaSignature(names: ["case_sensitive", "attribute"])
    }
    all["attr"] = JinjaSignature(required: 1, names: ["name"])
    all["dictsort"] = JinjaSignature(names: ["case_sensitive", "by", "reverse"])
    all["float"] = JinjaSignature(names: ["default"])
    all["indent"] = JinjaSignature(names: ["width", "first", "blank"])
    all["int"] = JinjaSignature(names: ["default"])
    all["join"] = JinjaSignature(names: ["d", "attribute"])
    all["replace"] = JinjaSignature(required: 2, names: ["old", "new", "count"])
    all["round"] = JinjaSignature(names: ["precision", "method"])
    all["sort"] = JinjaSignature(names: ["reverse", "case_sensitive", "attribute"])
    all["sum"] = JinjaSignature(names: ["attribute", "start"])
    all["tojson"] = JinjaSignature(names: ["ensure_ascii", "indent", "separators", "sort_keys"])
    all["trim"] = JinjaSignature(names: ["chars"])
    return all
  }()

  /// How many arguments a test takes.
  static func arguments(ofTest name: String) -> Int {
    switch name {
    case "defined", "undefined", "none", "boolean", "true", "false", "integer", "float", "number",
      "string", "mapping", "iterable", "sequence", "callable", "even", "odd", "lower", "upper":
      0
    default: 1
    }
  }

  /// Of the methods of strings.
  static let ofStrings: [String: JinjaSignature] = {
    let none = JinjaSignature()
    var all = Dictionary(
      uniqueKeysWithValues: [
        "upper", "lower", "title", "capitalize", "isdigit", "isalpha", "isspace", "isupper",
        "islower", "splitlines",
      ].map { ($0, none) })
    for name in ["strip", "lstrip", "rstrip"] {
      all[name] = JinjaSignature(names: ["chars"], byName: false)
    }
    for name in [
      "removeprefix", "removesuffix", "startswith", "endswith", "find", "rfind", "count", "join",
    ] { all[name] = JinjaSignature(required: 1, names: ["text"], byName: false) }
    for name in ["split", "rsplit"] { all[name] = JinjaSignature(names: ["sep", "maxsplit"]) }
    all["replace"] = JinjaSignature(required: 2, names: ["old", "new", "count"], byName: false)
    return all
  }()

  static let ofMappings: [String: JinjaSignature] = [
    "items": JinjaSignature(), "keys": JinjaSignature(), "values": JinjaSignature(),
    "get": JinjaSignature(required: 1, names: ["key", "default"], byName: false),
  ]

  static let ofLists: [String: JinjaSignature] = [
    "index": JinjaSignature(required: 1, names: ["value"], byName: false),
    "count": JinjaSignature(required: 1, names: ["value"], byName: false),
  ]
}

extension JinjaInterpreter {
  /// Refuses arguments that do not fit what is called.
  func check(
    _ given: Values, against signature: JinjaSignature?, _ name: String, _ line: Int
  ) throws(TemplateError) {
    if let fault = signature?.fault(given) {
      throw failure("'\(name)' with \(fault)", line: line)
    }
  }
}
