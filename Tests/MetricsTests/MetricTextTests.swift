import Testing

@testable import Metrics

@Suite struct MetricTextTests {
  @Test func `counters and histograms are written as the format has it`() {
    let registry = MetricRegistry()
    let requests = registry.counter("a_total", "How many\nthere are.", labels: ["route", "code"])
    let bare = registry.counter("b_total", "Bare.")
    let took = registry.histogram("c_seconds", "How long.")
    requests.add(2, "/x\"\\\n", "200")
    requests.add(1, "/a", "404")
    requests.add(1, "/a", "404")
    bare.add(0.5)
    took.note(0.0001)
    took.note(0.3)
    took.note(1e9)
    let text = MetricText.write(registry.families)
    #expect(
      text.hasPrefix(
        """
        # HELP a_total How many\\nthere are.
        # TYPE a_total counter
        a_total{route="/a",code="404"} 2
        a_total{route="/x\\"\\\\\\n",code="200"} 2
        # HELP b_total Bare.
        # TYPE b_total counter
        b_total 0.5
        # HELP c_seconds How long.
        # TYPE c_seconds histogram
        c_seconds_bucket{le="0.0001"} 1
        c_seconds_bucket{le="0.0005"} 1

        """), "\(text)")
    #expect(text.contains("c_seconds_bucket{le=\"0.5\"} 2\n"))
    #expect(text.contains("c_seconds_bucket{le=\"60\"} 2\n"))
    #expect(
      text.hasSuffix(
        "c_seconds_bucket{le=\"+Inf\"} 3\nc_seconds_sum 1000000000.3001\nc_seconds_count 3\n"))
  }

  @Test func `what is not there is not written, and nothing is counted backwards`() {
    let registry = MetricRegistry()
    let counter = registry.counter("a_total", "A.", labels: ["x"])
    #expect(MetricText.write(registry.families) == "")
    counter.add(-1, "y")
    counter.add(1)
    #expect(MetricText.write(registry.families) == "")
    for (value, text) in [
      (0.0, "0"), (-2, "-2"), (0.1, "0.1"), (1e300, "1e+300"), (.infinity, "+Inf"), (.nan, "NaN"),
    ] {
      let family = MetricFamily(.gauge, "g", "G.", value)
      #expect(MetricText.write([family]).hasSuffix("g \(text)\n"))
    }
  }

  @Test func `many threads count as one`() async {
    let registry = MetricRegistry()
    let counter = registry.counter("a_total", "A.", labels: ["x"])
    let took = registry.histogram("b_seconds", "B.")
    await withTaskGroup { group in
      for number in 0..<8 {
        group.addTask {
          for _ in 0..<500 {
            counter.add(1, "\(number % 2)")
            took.note(0.01)
          }
        }
      }
    }
    #expect(registry.families[0].samples.map(\.value) == [2000, 2000])
    #expect(registry.families[1].samples.last?.value == 4000)
  }
}
