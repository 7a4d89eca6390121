import OrderedCollections

/// The functions that every template may call.
enum JinjaFunctions {
  static let names =
    ["range", "dict", "namespace", "raise_exception", "strftime_now"] + unknown
  /// Those of Jinja that no chat template needs: refused where they are called.
  private static let unknown = ["cycler", "joiner", "lipsum"]
  /// Longer ranges are refused.
  private static let rangeLimit = 100_000

  static func call(
    _ name: String, _ values: JinjaInterpreter.Values, _ interpreter: inout JinjaInterpreter,
    _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    if unknown.contains(name) {
      throw interpreter.failure("the function '\(name)' is not known here", line: line)
    }
    switch name {
    case "range":
      let range = try range(values, interpreter, line)
      try interpreter.account(16 * (range.length ?? 0))
      return range
    case "dict", "namespace":
      var members: OrderedDictionary<JinjaKey, JinjaValue> = [:]
      if let given = values.positional.first {
        guard case .dictionary(let given) = given, values.positional.count == 1 else {
          throw interpreter.failure("'\(name)' of anything but one mapping", line: line)
        }
        members = given.members
      }
      for (name, value) in values.named { members[JinjaKey(name)] = value }
      try interpreter.charge(values: members.count)
      let mapping = JinjaMapping(members)
      if name == "dict" { return .dictionary(mapping) }
      try interpreter.checkNamespace(mapping.extent)
      return .namespace(JinjaNamespace(members))
    case "raise_exception":
      try interpreter.check(
        values, against: JinjaSignature(required: 1, names: ["message"]), name, line)
      let words = try interpreter.text(of: values.value(0, "message") ?? .string(""))
      throw .raised(String(words.prefix(4096)))
    default:
      guard let time = interpreter.time else {
        throw interpreter.failure("the template prints the date, and none is given", line: line)
      }
      try interpreter.check(
        values, against: JinjaSignature(required: 1, names: ["format"]), name, line)
      guard case .string(let format) = values.value(0, "format") else {
        throw interpreter.failure("strftime_now without a format", line: line)
      }
      let calendar = CalendarTime(secondsSince1970: time)
      guard let text = calendar.text(format) else {
        throw interpreter.failure("the time format \(format)", line: line)
      }
      return .string(text)
    }
  }

  private static func range(
    _ values: JinjaInterpreter.Values, _ interpreter: JinjaInterpreter, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    let bounds = values.positional.compactMap(\.whole)
    guard bounds.count == values.positional.count, values.named.isEmpty,
      (1...3).contains(bounds.count)
    else {
      throw interpreter.failure("a range needs one to three whole numbers", line: line)
    }
    let start = bounds.count > 1 ? bounds[0] : 0
    let end = bounds.count > 1 ? bounds[1] : bounds[0]
    let step = bounds.count > 2 ? bounds[2] : 1
    let (span, overflow) = end.subtractingReportingOverflow(start)
    guard step != 0, !overflow, span.magnitude / step.magnitude <= Self.rangeLimit else {
      throw interpreter.failure("a range of that size", line: line)
    }
    var items: [JinjaValue] = []
    var next = start
    while step > 0 ? next < end : next > end {
      items.append(.integer(next))
      let (sum, beyond) = next.addingReportingOverflow(step)
      if beyond { break }
      next = sum
    }
    let words = "range(\(start), \(end)" + (step == 1 ? ")" : ", \(step))")
    return .list(JinjaList(items, range: words))
  }
}
