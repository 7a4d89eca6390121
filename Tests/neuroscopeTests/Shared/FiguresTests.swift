import Testing

@testable import neuroscope

@Suite struct FiguresTests {
  @Test(arguments: [
    (0.0, "0"), (0.01234, "0.0123"), (0.5, "0.50"), (9.876, "9.88"), (98.76, "98.8"),
    (987.6, "988"),
    (-12.34, "-12.3"),
  ])
  func `numbers keep about three digits`(value: Double, text: String) {
    #expect(Figures.short(value) == text)
  }

  @Test func `bytes and counts get units`() {
    #expect(Figures.bytes(512) == "512 B")
    #expect(Figures.bytes(94 << 20) == "94.0 MiB")
    #expect(Figures.count(999) == "999")
    #expect(Figures.count(134_515_008) == "135 M")
  }

  @Test func `a rate without time is a dash`() {
    #expect(Figures.rate(10, 0) == "–")
    #expect(Figures.rate(0, 1) == "–")
    #expect(Figures.rate(10, 2) == "5.00")
  }

  @Test func `the median is the middle, of even counts the mean of two`() {
    #expect([3.0, 1, 2].median == 2)
    #expect([4.0, 1, 2, 3].median == 2.5)
    #expect([Double]().median == 0)
  }

  @Test func `ratios are taken round by round`() {
    let row = BenchRow("x", unit: "u", rounds: [2, 30, 4], against: ("y", [1, 10, 1]))
    #expect(row.ratio == 3)
    #expect(row.minimum == 2)
    #expect(row.maximum == 30)
  }

  @Test func `a sparkline spans its numbers and thins out what does not fit`() {
    #expect(Sparkline.draw([0, 7], columns: 10) == "▁█")
    #expect(Sparkline.draw([1, 1, .nan], columns: 10) == "▁▁")
    #expect(Sparkline.draw((0..<100).map(Float.init), columns: 8) == "▁▁▃▃▅▆▇█")
    #expect(Sparkline.draw([], columns: 8).isEmpty)
  }
}
