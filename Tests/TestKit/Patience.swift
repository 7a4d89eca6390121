/// How long tests wait for what should come before they take it for lost.
///
/// It decides nothing but when a broken test gives up, so it is far longer than the slowest machine, one core, a
/// sanitizer and busy neighbours together need.
package enum Patience {
  package static let limit = Duration.seconds(1200)
}
