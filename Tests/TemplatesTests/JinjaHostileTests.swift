import JSON
import OrderedCollections
import TestKit
import Testing

@testable import Templates

/// Templates that are made to end the process, or to hold its thread.
@Suite struct JinjaHostileTests {
  static func failure(_ template: String, _ limits: JinjaLimits = JinjaLimits()) -> String? {
    do {
      _ = try JinjaTemplate(template).render(["messages": .array([.string("x")])], limits: limits)
      return nil
    } catch {
      guard case .failed(_, let reason) = error else { return "\(error)" }
      return reason
    }
  }

  /// Ways to put a value into another one, each of which makes it a level deeper.
  static let wraps = [
    "[x]", "[1, x, 2]", "{'a': x}", "(x,)", "[x] + [1]", "[[x]][0]", "dict(a=x)",
    "{'a': x}.items() | list",
    "[x] | list", "[x] | map('default', 1) | list", "[x] * 2", "[x][:]", "{'k': x} | dictsort",
    "[x] | reverse",
    "[x] | sort(attribute='q') if false else [x]", "{'a': x} | items | list",
  ]
  /// What is done with it in the end.
  static let uses = [
    "", "{{ x }}", "{{ x == x }}", "{{ x | tojson }}", "{{ x in [x] }}", "{{ [x] | join }}",
    "{{ x | string | length }}",
  ]

  @Test(arguments: wraps) func `a value is refused beyond some two hundred levels`(_ wrap: String) {
    for use in Self.uses {
      // Loops have scopes of their own, so the value lives in a namespace.
      let template =
        "{% set ns = namespace(x=1) %}{% for a in range(1000) %}{% set x = ns.x %}{% set ns.x = \(wrap) %}{% endfor %}"
        + "{% set x = ns.x %}" + use
      let reason = Self.failure(template, JinjaLimits(steps: 200_000, bytes: 1 << 26))
      #expect(reason == "a value of more than 200 levels", "\(wrap) \(use)")
    }
  }

  @Test(arguments: [
    "{% set ns.x = ns %}", "{% set ns.x = [ns] %}", "{% set ns.x = namespace(a=ns) %}",
    "{% set ns.x = {'a': [ns]} %}",
    "{% macro m() %}{% set ns.x = caller %}{% endmacro %}{% call m() %}{% endcall %}",
  ])
  func `nothing comes to hold itself`(_ template: String) {
    let reason = Self.failure("{% set ns = namespace() %}" + template)
    #expect(reason == "a namespace or a caller within a namespace")
  }

  @Test func `a value that doubles itself is never walked`() {
    for use in Self.uses.dropFirst() + [
      "{{ [x] | sort }}", "{{ x | unique | length }}", "{{ x < x }}",
    ] {
      let template =
        "{% set ns = namespace(x=['a']) %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
        + "{% set x = ns.x %}{% set y = ns.x %}" + use
      #expect(Self.failure(template, JinjaLimits(steps: 50_000)) != nil, "\(use)")
    }
  }

  /// Operations whose work grows with the text, on a text `t` of 20 000 bytes, a list `l` of 1000 and a
  /// text `u` that is nearly a part of `t`.
  static let heavy = [
    "t | length", "'b' in t", "u in t", "t == t2", "t < t2", "t[-1]", "t[15000]", "t[:10]",
    "t[::2]", "t * 2",
    "t ~ 'x'", "t + 'x'", "t | upper", "t | trim", "t | replace('b', 'c')", "t | tojson",
    "t.split('b')",
    "t.strip()", "t.find(u)", "t.rfind(u)", "t.count('b')", "t.startswith(t2)", "t.upper()",
    "t.isalpha()",
    "t is lower", "t is in [t2]", "t in [t2]", "[t, t2] | unique | list | length", "[t, t2] | sort",
    "[t, t2] | max",
    "l | sort", "l | length ~ (l | string)", "l == l2", "999 in l | reverse", "-1 in l",
    "l.index(999)", "l.count(-1)",
    "l | join", "l | tojson", "l | map('string') | list", "l | select('odd') | list", "l | sum",
    "l | unique",
    "l[1:]", "l + l2", "(l | list)", "t | indent", "t | title", "t | capitalize",
    "t | escape",
    "{'k': t}['k'] == t2", "{'k': l} == {'k': l2}", "t | int", "t | float", "t | first", "t | last",
    "t | reverse",
    "t.replace('b', '')", "t.splitlines()", "t.lstrip('a')", "t.title()", "t.removeprefix(t2)",
    "l | min",
  ]

  @Test(arguments: heavy) func `an operation is charged by its size`(_ operation: String) {
    let setup =
      "{% set t = 'a' * 20000 %}{% set t2 = 'a' * 19999 ~ 'a' %}{% set u = 'a' * 10000 ~ 'b' %}"
      + "{% set l = range(1000) | list %}{% set l2 = range(1000) | list %}"
    let template = setup + "{% for a in range(2000) %}{% set y = \(operation) %}{% endfor %}"
    // What is in reach of one step alone may be done as often as it likes.
    if ["t | first", "t | last"].contains(operation) { return }
    let reason = Self.failure(template, JinjaLimits(steps: 20_000))
    #expect(reason?.hasPrefix("more than") == true, "\(operation): \(reason ?? "no end")")
  }

  @Test func `a task that is cancelled gives its thread back`() async {
    let template = "{% for a in range(20000) %}{% for b in range(10) %}{% endfor %}{% endfor %}"
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return Self.failure(template)
    }
    #expect(await task.value == "the request was given up")
  }

  @Test func `what templates do every day costs little`() throws {
    let messages = (0..<2000).map { index in
      JSONValue.object([
        "role": .string(index % 2 == 0 ? "user" : "assistant"),
        "content": .string("Some words, \(index)"),
      ])
    }
    let template = """
      {% set ns = namespace(n=0, seen=[]) %}{% for m in messages %}{% if m.role == 'user' and not loop.last %}\
      {% set ns.n = ns.n + 1 %}{% endif %}{% if loop.index0 == messages | length - 1 %}last{% endif %}\
      {{ m.content | trim }}{{ (messages[loop.index0 - 1].content.split('</think>') | last)[:3] }}{% endfor %}{{ ns.n }}
      """
    let text = try JinjaTemplate(template).render(
      ["messages": .array(messages)], limits: JinjaLimits(steps: 200_000))
    #expect(text.hasSuffix("1000"))
  }
}
