import OrderedCollections

/// Calls of macros, functions and methods.
extension JinjaInterpreter {
  /// Arguments with their values.
  struct Values {
    var positional: [JinjaValue] = []
    var named: OrderedDictionary<String, JinjaValue> = [:]

    /// The argument at a place, or of a name.
    func value(_ index: Int, _ name: String) -> JinjaValue? {
      positional.indices.contains(index) ? positional[index] : named[name]
    }
  }

  mutating func values(
    of arguments: JinjaExpression.Arguments
  ) throws(TemplateError) -> Values {
    var values = Values(positional: try evaluate(arguments.positional))
    for argument in arguments.named {
      values.named[argument.name] = try evaluate(argument.value)
    }
    if let spread = arguments.spread {
      let given = try evaluate(spread)
      guard let more = try sequence(of: given) else { throw failure("* of \(given.kind)") }
      values.positional += more
    }
    if let spread = arguments.namedSpread {
      let given = try evaluate(spread)
      guard case .dictionary(let members) = given else { throw failure("** of \(given.kind)") }
      try charge(values: members.count)
      for (key, value) in members.members {
        guard let name = key.text, values.named[name] == nil else {
          throw failure("** with a key that is no name, or that is given twice")
        }
        values.named[name] = value
      }
    }
    return values
  }

  mutating func call(
    _ callee: JinjaExpression, _ arguments: JinjaExpression.Arguments, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    if case .member(let object, let name, _) = callee {
      let value = try evaluate(object)
      let given = try values(of: arguments)
      if let found = try JinjaMethods.call(name, on: value, given, &self, line) { return found }
      return try call(try member(name, of: value, line), given, line)
    }
    let function = try evaluate(callee)
    return try call(function, try values(of: arguments), line)
  }

  private mutating func call(
    _ function: JinjaValue, _ values: Values, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    switch function {
    case .macro(let macro, let caller): return try call(macro, caller, values)
    case .function(let name): return try JinjaFunctions.call(name, values, &self, line)
    default: throw failure("a call of \(function.kind)", line: line)
    }
  }

  /// A `call` block: the callee may print the body by `caller()`.
  mutating func call(
    _ callee: JinjaExpression, with body: JinjaMacro
  ) throws(TemplateError) -> JinjaValue {
    guard case .call(let function, let arguments, let line) = callee,
      case .macro(let macro, _) = try evaluate(function)
    else { throw failure("a call block needs a macro") }
    let caller = JinjaCaller(body: body, scopes: scopes)
    let values = try values(of: arguments)
    try enter()
    defer { leave() }
    _ = line
    return try call(macro, caller, values)
  }

  /// Runs a macro: it sees the template's own variables and its parameters.
  private mutating func call(
    _ macro: JinjaMacro, _ caller: JinjaCaller?, _ values: Values
  ) throws(TemplateError) -> JinjaValue {
    guard values.positional.count <= macro.parameters.count else {
      throw failure("'\(macro.name)' takes \(macro.parameters.count) arguments")
    }
    if let name = values.named.keys.first(where: { name in
      !macro.parameters.contains { $0.name == name }
    }) {
      throw failure("'\(macro.name)' with an argument '\(name.prefix(80))'")
    }
    // A caller's body sees what stood around it; a macro sees the top level only.
    let outer = scopes
    defer { scopes = outer }
    if macro.name != "caller" || caller == nil {
      scopes = [scopes[0], [:]]
    } else if let caller {
      scopes = caller.scopes + [[:]]
    }
    for (index, parameter) in macro.parameters.enumerated() {
      if let value = values.value(index, parameter.name) {
        give(value, to: parameter.name)
      } else if let fallback = parameter.fallback {
        give(try evaluate(fallback), to: parameter.name)
      } else {
        give(.undefined("'\(parameter.name)'"), to: parameter.name)
      }
    }
    if let caller, macro.name != "caller" {
      give(.macro(caller.body, caller: caller), to: "caller")
    }
    var text = ""
    _ = try execute(macro.body, into: &text)
    return .string(text)
  }
}
