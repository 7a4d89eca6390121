import OrderedCollections
import TestKit
import Testing

@testable import Templates

@Suite struct JinjaLimitTests {
  @Test(arguments: [
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}",
    "{% for a in range(999) %}{% for b in 'x' * 900000 %}{% endfor %}{% endfor %}",
    "{% for a in range(999) %}{% set b = range(9999) %}{% endfor %}", "{{ range(999999999) }}",
    "{{ 'x' * 999999999 }}", "{{ [1] * 999999999999 }}",
    "{% set n = namespace(x='xx') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "{{ 9223372036854775807 + 1 }}", "{{ 2 ** 64 }}", "{{ -9223372036854775807 - 2 }}",
    "{{ 'a' | replace('', 'x' * 9999999) }}", "{{ 'a\na' | indent(99999999) }}",
    "{{ [1, 2, 3][::0] }}", "{{ 1 % 0 }}", "{{ 1.5 // 0 }}", "{{ 2.0 ** 999 }}",
    "{{ range(1, 2, 0) }}", "{{ 3 is divisibleby(0) }}", "{{ x.y.z }}", "{% set a, b = [1] %}",
    "{{ 'x'.nothing() }}", "{{ none() }}", "{{ [3, 'a'] | sort }}", "{{ range | tojson }}",
    "{{ strftime_now('%Y') }}", "{% for x in 3 %}{% endfor %}", "{{ {[1]: 2} }}",
    "{{ ('x' * 1000000).split('') }}", "{{ [1] | map('nothing') }}",
  ])
  func `what has no end or no meaning fails`(_ template: String) throws {
    let template = try JinjaTemplate(template)
    #expect {
      try template.render([:], limits: JinjaLimits(steps: 20_000, bytes: 1 << 20))
    } throws: { error in
      guard case .failed = error as? TemplateError else { return false }
      return true
    }
  }

  @Test(arguments: [
    "{{ 1", "{{", "{%", "{#", "{{ 'a }}", "{% if x %}", "{% for x y %}",
    "{% for x in y %}{% endif %}",
    "{% else %}", "{% endfor %}", "{% break %}", "{% raw %}", "{{ a.b. }}", "{{ a[ }}",
    "{{ a[1:2:3:4] }}",
    "{{ 1 2 }}", "{{ a is nothing }}", "{{ a | nothing }}", "{{ f(a=) }}", "{% set 1 = 2 %}",
    "{{ ? }}",
    "{% macro %}{% endmacro %}", "{{ {'a'} }}", "{% extends 'x' %}", "{{ 99999999999999999999 }}",
    String(repeating: "{% if a %}", count: 1000), "{{ " + String(repeating: "(", count: 5000),
    "{{ " + String(repeating: "[", count: 5000),
    "{{ a" + String(repeating: "+a", count: 5000) + " }}",
    "{{ a" + String(repeating: ".a", count: 5000) + " }}",
    "{{ a" + String(repeating: "|e", count: 5000) + " }}",
    "{{ " + String(repeating: "a if ", count: 5000),
    "{{ 'a' if b" + String(repeating: " else c if b", count: 5000) + " }}",
  ])
  func `what cannot be read is refused`(_ template: String) {
    #expect {
      try JinjaTemplate(template)
    } throws: { error in
      guard case .unreadable = error as? TemplateError else { return false }
      return true
    }
  }

  @Test func `long chains and deep calls stay within the stack`() throws {
    let sum = "{{ 1" + String(repeating: " + 1", count: 150) + " }}"
    #expect(try JinjaTemplate(sum).render([:]) == "151")
    let signs = "{{ " + String(repeating: "-", count: 10_001) + "1 }}"
    #expect(try JinjaTemplate(signs).render([:]) == "-1")
    let nots = "{{ " + String(repeating: "not ", count: 10_001) + "1 }}"
    #expect(try JinjaTemplate(nots).render([:]) == "False")
    let branches =
      "{% if a %}" + String(repeating: "{% elif a %}", count: 5000) + "{% else %}x{% endif %}"
    #expect(try JinjaTemplate(branches).render([:]) == "x")
  }

  @Test func `damaged templates are refused, fail or render, and never crash`() throws {
    var generator = SeededGenerator(seed: 21)
    let cases = try JinjaTemplateTests.cases().filter { $0.name.contains("call_answered tools") }
    #expect(cases.count >= 8)
    let parts = Array("{}%#-|()[]'\". \n+*/<=a1,:~")
    for test in cases {
      let template = Array(test.template)
      for _ in 0..<12 {
        var damaged = template
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          let place = Int.random(in: 0..<damaged.count, using: &generator)
          if Bool.random(using: &generator) {
            damaged.remove(at: place)
          } else {
            damaged[place] = parts.randomElement(using: &generator) ?? " "
          }
        }
        do {
          _ = try JinjaTemplate(String(damaged)).render(test.variables, time: test.time)
        } catch {
          continue
        }
      }
    }
  }
}

@Suite struct CalendarTimeTests {
  @Test(
    arguments: [
      (0, "1970-01-01 00:00:00 Thursday 001"), (951_782_399, "2000-02-28 23:59:59 Monday 059"),
      (951_782_400, "2000-02-29 00:00:00 Tuesday 060"),
      (4_107_542_400, "2100-03-01 00:00:00 Monday 060"),
      (1_735_603_200, "2024-12-31 00:00:00 Tuesday 366"), (-1, "1969-12-31 23:59:59 Wednesday 365"),
      (-11_644_473_600, "1601-01-01 00:00:00 Monday 001"),
    ] as [(Int64, String)])
  func `moments have the date of the Gregorian calendar`(_ seconds: Int64, _ text: String) {
    #expect(CalendarTime(secondsSince1970: seconds).text("%Y-%m-%d %H:%M:%S %A %j") == text)
  }

  @Test func `an unknown format has no text, and no moment overflows`() {
    #expect(CalendarTime(secondsSince1970: 0).text("%Q") == nil)
    #expect(CalendarTime(secondsSince1970: 0).text("%") == nil)
    #expect(CalendarTime(secondsSince1970: .max).text("%Y") != nil)
    #expect(CalendarTime(secondsSince1970: .min).text("%Y") != nil)
  }
}
