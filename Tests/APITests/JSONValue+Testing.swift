package import JSON
public import Testing

/// As one line of JSON of bounded length: a prompt of thousands of tokens would fill the log of a failed test.
extension JSONValue: CustomTestStringConvertible {
  package var testDescription: String {
    let text = json(.compact)
    return text.count > 160 ? text.prefix(160) + "…" : text
  }
}
