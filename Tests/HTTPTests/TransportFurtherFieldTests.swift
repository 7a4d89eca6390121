import HTTP
import HTTPTypes
import TestKit
import Testing

@Suite(.ownThreads) struct `Header fields of ours` {
  @Test(arguments: FurtherField.allCases)
  func `are served under their own name and no other`(field: FurtherField) throws {
    var fields = HTTPFields()
    fields[further: field] = "value"
    #expect(fields.map(\.name.rawName) == [field.rawValue])
    #expect(fields[further: field] == "value")
  }
}
