/// The target of a request: its path taken apart and its query as pairs, both percent-decoded.
///
/// The absolute form (`http://host/path`) is reduced to path and query; its authority goes to
/// `RequestHead.authority`. Both decode to valid UTF-8 without NUL, and
/// the path without any control character. Segments are *not* normalised: `.`, `..` and a segment holding an encoded slash
/// arrive as they are, and a route that maps segments to files must refuse them.
///
/// - Standard: RFC 9112, section 3.2; RFC 3986, section 2.1.
package struct RequestTarget: Hashable, Sendable {
  /// One `name=value` of the query; a name without `=` has the empty value.
  package struct QueryItem: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The target as it was sent (without an authority), still encoded; `*` for the asterisk form.
  package var raw: String

  /// The decoded segments between slashes: `/` has none, `/a/b` has two, `/a/` has `a` and an empty one.
  package var segments: [String]

  /// The decoded items of the query in order; `+` means a blank, as forms and URLSearchParams write it.
  package var query: [QueryItem]

  /// Whether this is the `*` of `OPTIONS *`.
  package var isAsterisk: Bool

  package init(
    raw: String, segments: [String], query: [QueryItem] = [], isAsterisk: Bool = false
  ) {
    self.raw = raw
    self.segments = segments
    self.query = query
    self.isAsterisk = isAsterisk
  }

  /// The decoded path, segments joined by slashes.
  package var path: String { isAsterisk ? "*" : "/" + segments.joined(separator: "/") }

  /// The value of the first query item of that name.
  package func first(_ name: String) -> String? {
    query.first { $0.name == name }?.value
  }
}
