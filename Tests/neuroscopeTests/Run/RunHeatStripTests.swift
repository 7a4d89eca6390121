import Testing

@testable import neuroscope

@Suite struct RunHeatStripTests {
  @Test func `without colours, numbers become shades between bars, on a logarithmic scale`() {
    var strip = RunHeatStrip(layers: 4, hasColour: false)
    #expect(strip.draw([1, 10, 100, 1000]) == "|  --**@@|")
  }

  @Test func `the scale remembers what it has seen`() {
    var strip = RunHeatStrip(layers: 2, hasColour: false)
    #expect(strip.draw([1, 1000]) == "|  @@|")
    #expect(strip.draw([1000, 1000]) == "|@@@@|")
  }

  @Test func `equal numbers, zeros and infinities draw something of the right width`() {
    var strip = RunHeatStrip(layers: 3, hasColour: false)
    #expect(strip.draw([0, 0, 0]).count == 8)
    #expect(strip.draw([5, 5, 5]).count == 8)
    #expect(strip.draw([.infinity, .nan, -1]).count == 8)
  }

  @Test func `many layers get one column each`() {
    #expect(RunHeatStrip(layers: 32, hasColour: false).cellWidth == 2)
    #expect(RunHeatStrip(layers: 33, hasColour: false).cellWidth == 1)
  }

  @Test func `colours end where the strip ends`() {
    var strip = RunHeatStrip(layers: 2, hasColour: true)
    let text = strip.draw([1, 2])
    #expect(text.hasPrefix("\u{1B}[48;5;16m  "))
    #expect(text.hasSuffix("\u{1B}[0m"))
  }

  @Test(arguments: [1, 4, 5, 6, 24, 40])
  func `the ruler is as wide as the strip`(layers: Int) {
    var strip = RunHeatStrip(layers: layers, hasColour: false)
    let cells = strip.draw(Array(repeating: 1, count: layers))
    #expect(strip.ruler(layers: layers).count == cells.count)
  }
}
