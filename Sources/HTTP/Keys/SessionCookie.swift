internal import HTTPTypes
package import Wire

/// The cookie of a browser that has logged in.
package enum SessionCookie {
  package static let name = "neuroscope_session"

  /// What a request holds of it.
  package static func value(of head: RequestHead) -> String? {
    for pair in (head.fields[.cookie] ?? "").split(separator: ";") {
      let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
      if parts.count == 2, parts[0] == name { return String(parts[1]) }
    }
    return nil
  }
}
