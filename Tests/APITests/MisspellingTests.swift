import TestKit
import Testing

@testable import API

/// Names that are nearly known ones.
@Suite(.ownThreads) struct MisspellingTests {
  private static let known = [
    "positions", "max_tokens", "max_completion_tokens", "model", "n", "seed", "stop", "top_k",
    "top_p", "temperature",
  ]

  @Test(arguments: [
    ("position", "positions"), ("max_token", "max_tokens"), ("maxTokens", "max_tokens"),
    ("temprature", "temperature"), ("Temperature", "temperature"), ("mdoel", "model"),
    ("top-k", "top_k"), ("stops", "stop"), ("max_completions_tokens", "max_completion_tokens"),
  ])
  func `a name that looks like a known one is taken for it`(name: String, meant: String) {
    #expect(Misspelling.nearest(to: name, among: Self.known) == meant)
  }

  @Test(arguments: ["note", "m", "k", "description", "labels", "", "x_request", "seeding_rate"])
  func `a name of its own is not`(name: String) {
    #expect(Misspelling.nearest(to: name, among: Self.known) == nil)
  }

  @Test func `one letter left out, doubled or exchanged leads back, whichever it is`() {
    for name in Self.known where name.utf8.count >= 9 || name == "model" {
      let letters = Array(name)
      for place in letters.indices {
        var (without, doubled, exchanged) = (letters, letters, letters)
        without.remove(at: place)
        doubled.insert(letters[place], at: place)
        if place > 0 { exchanged.swapAt(place - 1, place) }
        for changed in [without, doubled, exchanged] {
          #expect(Misspelling.nearest(to: String(changed), among: Self.known) == name)
        }
      }
    }
  }

  @Test func `a very long name costs nothing`() {
    let long = String(repeating: "temperature", count: 10_000)
    #expect(Misspelling.nearest(to: long, among: Self.known) == nil)
  }
}
