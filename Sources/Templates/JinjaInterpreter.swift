import JSON
import OrderedCollections

/// Runs a template's statements.
///
/// Bounded in steps, depth and output, so that no template holds a thread for ever.
struct JinjaInterpreter {
  /// How a run of statements ended.
  enum Ending {
    case done, left, skipped
  }

  /// Variables, innermost scope last.
  var scopes: [[String: JinjaValue]]
  /// The seconds since 1970 that the template may print.
  let time: Int64?
  let limits: JinjaLimits
  private(set) var line = 1
  private var steps = 0
  /// Work too small for a step of its own, in bytes.
  private var work = 0
  private var depth = 0
  private var written = 0

  init(
    _ variables: OrderedDictionary<String, JSONValue>, time: Int64?, limits: JinjaLimits
  ) {
    let builtIn = JinjaFunctions.names.map { ($0, JinjaValue.function($0)) }
    let given = variables.map { ($0.key, JinjaValue($0.value)) }
    scopes = [Dictionary(builtIn + given) { _, last in last }]
    self.time = time
    self.limits = limits
  }

  mutating func run(_ statements: [JinjaStatement]) throws(TemplateError) -> String {
    var text = ""
    _ = try execute(statements, into: &text)
    return text
  }

  /// An error at the statement that is being run.
  func failure(_ reason: String) -> TemplateError { .failed(line: line, reason: reason) }

  func failure(_ reason: String, line: Int) -> TemplateError {
    .failed(line: line, reason: reason)
  }

  /// Counts a step one level deeper; every call is paired with `leave`.
  mutating func enter() throws(TemplateError) {
    steps += 1
    depth += 1
    try checkSteps()
    guard depth <= limits.depth else { throw failure("more than \(limits.depth) levels") }
  }

  mutating func leave() { depth -= 1 }

  private func checkSteps() throws(TemplateError) {
    guard steps <= limits.steps else { throw failure("more than \(limits.steps) steps") }
    if steps & 0xFFF == 0, Task.isCancelled { throw failure("the request was given up") }
  }

  /// Counts work by the bytes of text that it goes through, before it is done.
  mutating func charge(bytes: Int) throws(TemplateError) {
    let (sum, overflow) = work.addingReportingOverflow(bytes)
    guard !overflow else { throw failure("more than \(limits.steps) steps") }
    work = sum
    if work < JinjaLimits.bytesOfStep { return }
    let (more, beyond) = steps.addingReportingOverflow(work / JinjaLimits.bytesOfStep)
    steps = beyond ? .max : more
    work %= JinjaLimits.bytesOfStep
    guard steps <= limits.steps else { throw failure("more than \(limits.steps) steps") }
    if Task.isCancelled { throw failure("the request was given up") }
  }

  /// Counts work by the values that it goes through.
  mutating func charge(values: Int) throws(TemplateError) {
    let (bytes, overflow) = values.multipliedReportingOverflow(by: 16)
    try charge(bytes: overflow ? .max : bytes)
  }

  /// Counts a walk through all of a value.
  mutating func charge(_ value: JinjaValue) throws(TemplateError) {
    try charge(bytes: value.extent.weight)
  }

  /// `==`, counted.
  mutating func equal(_ one: JinjaValue, _ two: JinjaValue) throws(TemplateError) -> Bool {
    try charge(bytes: min(one.extent.weight, two.extent.weight))
    return one.equals(two)
  }

  /// `<`, counted.
  mutating func isLess(
    _ one: JinjaValue, _ two: JinjaValue, _ line: Int
  ) throws(TemplateError) -> Bool {
    try charge(bytes: min(one.extent.weight, two.extent.weight))
    guard let less = one.isLess(than: two) else {
      throw failure("\(one.kind) and \(two.kind) have no order", line: line)
    }
    return less
  }

  /// A test after `is`, counted.
  mutating func holds(
    _ name: String, _ value: JinjaValue, _ arguments: [JinjaValue], _ line: Int
  ) throws(TemplateError) -> Bool {
    guard arguments.count == JinjaSignature.arguments(ofTest: name) else {
      throw failure("'is \(name)' with \(arguments.count) arguments", line: line)
    }
    switch name {
    case "in":
      guard let container = arguments.first else { break }
      return try contains(container, value, line)
    case "lower", "upper": try charge(value)
    default:
      if let other = arguments.first {
        try charge(bytes: min(value.extent.weight, other.extent.weight))
      }
    }
    return try JinjaTests.holds(name, value.plain, arguments, failed: { failure($0, line: line) })
  }

  /// The text of a value, counted as work and as text.
  mutating func text(of value: JinjaValue) throws(TemplateError) -> String {
    if case .string(let text) = value { return text }
    if case .list(let list) = value, list.isLazy { throw failure("the text of a generator") }
    if case .function(let name) = value { throw failure("the text of the function '\(name)'") }
    try charge(value)
    return value.text
  }

  /// Refuses what would let a namespace hold itself, or a chain of them without an end.
  func checkNamespace(_ extent: JinjaExtent) throws(TemplateError) {
    guard !extent.hasReferences else { throw failure("a namespace or a caller within a namespace") }
    guard extent.depth <= limits.nesting else {
      throw failure("a value of more than \(limits.nesting) levels")
    }
  }

  /// Counts text that a value takes, also text that is never printed.
  mutating func account(_ bytes: Int) throws(TemplateError) {
    written += bytes
    guard written <= limits.bytes else {
      throw failure("more than \(limits.bytes) bytes of text")
    }
  }

  /// What a loop or a filter runs over; the elements of a text are counted before they are made.
  mutating func sequence(of value: JinjaValue) throws(TemplateError) -> [JinjaValue]? {
    if case .string(let text) = value {
      try charge(bytes: text.utf8.count)
      let (size, overflow) = text.utf8.count.multipliedReportingOverflow(by: 16)
      try account(overflow ? limits.bytes : size)
    }
    try charge(values: value.sequenceCount)
    if case .list(let list) = value, let walk = list.walk {
      if walk.isDone { return [] }
      walk.isDone = true
    }
    return value.sequence
  }

  func look(up name: String) -> JinjaValue {
    for scope in scopes.reversed() {
      if let value = scope[name] { return value }
    }
    return .undefined("'\(name)'")
  }

  mutating func give(_ value: JinjaValue, to name: String) {
    scopes[scopes.count - 1][name] = value
  }

  mutating func execute(
    _ statements: [JinjaStatement], into text: inout String
  ) throws(TemplateError) -> Ending {
    for statement in statements {
      let ending = try execute(statement, into: &text)
      if ending != .done { return ending }
    }
    return .done
  }

  private mutating func execute(
    _ statement: JinjaStatement, into text: inout String
  ) throws(TemplateError) -> Ending {
    try enter()
    defer { leave() }
    switch statement {
    case .text(let data): try write(data, into: &text)
    case .output(let expression, let line):
      self.line = line
      try write(try self.text(of: try evaluate(expression)), into: &text)
    case .choose(let branches, let line):
      self.line = line
      for branch in branches {
        let chosen = try branch.condition.map { expression throws(TemplateError) in
          try evaluate(expression).isTrue
        }
        if chosen ?? true { return try execute(branch.body, into: &text) }
      }
    case .loop(let loop, let line):
      self.line = line
      try run(loop, into: &text)
    case .set(let target, let expression, let line):
      self.line = line
      try assign(try evaluate(expression), to: target)
    case .setBlock(let name, let filters, let body, let line):
      self.line = line
      give(try apply(filters, to: .string(try capture(body))), to: name)
    case .macro(let macro): give(.macro(macro, caller: nil), to: macro.name)
    case .call(let callee, let body, let line):
      self.line = line
      try write(try call(callee, with: body).text, into: &text)
    case .filter(let filters, let body, let line):
      self.line = line
      try write(try apply(filters, to: .string(try capture(body))).text, into: &text)
    case .plain(let body): return try execute(body, into: &text)
    case .leave: return .left
    case .skip: return .skipped
    }
    return .done
  }

  private mutating func write(_ more: String, into text: inout String) throws(TemplateError) {
    try account(more.utf8.count)
    text += more
  }

  /// The text of a body, in a scope of its own.
  mutating func capture(_ body: [JinjaStatement]) throws(TemplateError) -> String {
    var text = ""
    scopes.append([:])
    defer { scopes.removeLast() }
    _ = try execute(body, into: &text)
    return text
  }

  private mutating func apply(
    _ filters: [JinjaExpression.Filter], to value: JinjaValue
  ) throws(TemplateError) -> JinjaValue {
    var value = value
    for filter in filters { value = try apply(filter, to: value) }
    return value
  }

  private mutating func assign(
    _ value: JinjaValue, to target: JinjaTarget
  ) throws(TemplateError) {
    switch target {
    case .name(let name): give(value, to: name)
    case .names(let names):
      guard let items = try sequence(of: value), items.count == names.count else {
        throw failure("\(names.count) values are needed, and there is \(value.kind)")
      }
      for (name, item) in zip(names, items) { give(item, to: name) }
    case .member(let name, let member):
      guard case .namespace(let namespace) = look(up: name) else {
        throw failure("'\(name)' is no namespace")
      }
      try checkNamespace(value.extent)
      namespace.members[JinjaKey(member)] = value
    }
  }

  private mutating func run(
    _ loop: JinjaLoop, into text: inout String
  ) throws(TemplateError) {
    let source = try evaluate(loop.items)
    guard var items = try sequence(of: source) else {
      throw failure("cannot loop over \(source.kind)")
    }
    if let condition = loop.condition {
      var kept: [JinjaValue] = []
      for item in items {
        scopes.append([:])
        defer { scopes.removeLast() }
        try assign(item, to: loop.target)
        if try evaluate(condition).isTrue { kept.append(item) }
      }
      items = kept
    }
    if items.isEmpty {
      _ = try execute(loop.otherwise, into: &text)
      return
    }
    for (index, item) in items.enumerated() {
      try enter()
      scopes.append([:])
      defer {
        scopes.removeLast()
        leave()
      }
      let state = JinjaLoopState(
        index: index, count: items.count, previous: index > 0 ? items[index - 1] : nil,
        next: index + 1 < items.count ? items[index + 1] : nil)
      give(.loop(state), to: "loop")
      try assign(item, to: loop.target)
      if try execute(loop.body, into: &text) == .left { break }
    }
  }
}
