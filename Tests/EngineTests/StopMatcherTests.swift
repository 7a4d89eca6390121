import Testing

@testable import Engine

@Suite struct `Stop strings` {
  private func feed(_ pieces: [String], stops: [String]) -> (text: String, isStopped: Bool) {
    var matcher = StopMatcher(stops)
    var text = ""
    for piece in pieces { text += matcher.append(piece) }
    return (text + matcher.finish(), matcher.isStopped)
  }

  @Test(arguments: ["a stop here", "stop", "xxstoop stop", "no end", "héllo stöp stop", "sto"])
  func `however the text is cut, it ends before the stop string`(text: String) {
    let whole = feed([text], stops: ["stop", "never"])
    #expect(feed(text.map(String.init), stops: ["stop", "never"]) == whole)
    #expect(whole.isStopped == text.contains("stop"))
    #expect(text.hasPrefix(whole.text))
    #expect(!whole.text.contains("stop"))
    if !whole.isStopped { #expect(whole.text == text) }
  }

  @Test func `what may become a stop string is held back, and nothing else`() {
    var matcher = StopMatcher(["END"])
    #expect(matcher.append("one E") == "one ")
    #expect(matcher.append("N") == "")
    #expect(matcher.append("T") == "ENT")
    #expect(matcher.append("E") == "")
    #expect(matcher.finish() == "E")
  }
}
