/// A statement of a template.
indirect enum JinjaStatement: Sendable {
  case text(String)
  case output(JinjaExpression, line: Int)
  /// Conditions in order, each with its body; nil is `else`.
  case choose([(condition: JinjaExpression?, body: [JinjaStatement])], line: Int)
  case loop(JinjaLoop, line: Int)
  case set(JinjaTarget, JinjaExpression, line: Int)
  /// The body's text, through the filters, becomes the value.
  case setBlock(String, [JinjaExpression.Filter], body: [JinjaStatement], line: Int)
  case macro(JinjaMacro)
  /// A macro called with a body that it may print by `caller()`.
  case call(JinjaExpression, JinjaMacro, line: Int)
  case filter([JinjaExpression.Filter], body: [JinjaStatement], line: Int)
  /// A body that changes nothing, such as `generation`.
  case plain([JinjaStatement])
  case leave
  case skip
}

/// A `for` loop.
struct JinjaLoop: Sendable {
  var target: JinjaTarget
  var items: JinjaExpression
  /// Only items for which this holds.
  var condition: JinjaExpression?
  var body: [JinjaStatement]
  /// Where there was no item.
  var otherwise: [JinjaStatement]
}

/// What a value is given to.
enum JinjaTarget: Sendable {
  case name(String)
  case names([String])
  /// A member of a namespace.
  case member(String, String)
}

struct JinjaMacro: Sendable {
  var name: String
  var parameters: [(name: String, fallback: JinjaExpression?)]
  var body: [JinjaStatement]
}

/// An expression of a template.
indirect enum JinjaExpression: Sendable {
  /// A filter and its arguments, without what it is applied to.
  struct Filter: Sendable {
    var name: String
    var arguments: Arguments
    var line: Int
  }

  struct Arguments: Sendable {
    var positional: [JinjaExpression] = []
    var named: [(name: String, value: JinjaExpression)] = []
    /// `*list` and `**mapping`, whose elements become further arguments.
    var spread: JinjaExpression?
    var namedSpread: JinjaExpression?
  }

  enum Operation: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case remainder = "%"
    case power = "**"
    case concatenate = "~"
  }

  enum Comparison: String, Sendable {
    case equal = "=="
    case unequal = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case contained = "in"
    case notContained = "not in"
  }

  case none
  case bool(Bool)
  case integer(Int)
  case float(Double)
  case string(String)
  case list([JinjaExpression])
  case tuple([JinjaExpression])
  case dictionary([(key: JinjaExpression, value: JinjaExpression)])
  case name(String)
  case member(JinjaExpression, String, line: Int)
  case item(JinjaExpression, JinjaExpression, line: Int)
  case slice(
    JinjaExpression, from: JinjaExpression?, to: JinjaExpression?, step: JinjaExpression?, line: Int
  )
  case call(JinjaExpression, Arguments, line: Int)
  case filtered(JinjaExpression, Filter)
  case test(JinjaExpression, String, [JinjaExpression], negated: Bool, line: Int)
  case negate(JinjaExpression, line: Int)
  case not(JinjaExpression)
  case and(JinjaExpression, JinjaExpression)
  case or(JinjaExpression, JinjaExpression)
  case operation(Operation, JinjaExpression, JinjaExpression, line: Int)
  case comparison(JinjaExpression, [(Comparison, JinjaExpression)], line: Int)
  case conditional(JinjaExpression, if: JinjaExpression, else: JinjaExpression?)
}
