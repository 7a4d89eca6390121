/// JSON Schema's formats, each as an expression whose texts every checker of the format takes.
///
/// They are narrower than the standards where checkers differ: years have four digits from 1000 on, hours end at 23,
/// seconds at 59, addresses are in ASCII and their parts short.
enum TextFormats {
  /// The expression of a format; nil for one that is not known here.
  static func expression(of format: String) -> String? { all[format] }

  /// Formats of the standard that would have to be held to, and can't be.
  static let impossible: Set<String> = [
    "regex", "iri", "iri-reference", "idn-email", "idn-hostname", "uri-template",
  ]

  private static let year = "[1-9][0-9]{3}"
  private static let date =
    "(\(year)-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    + "|02-(0[1-9]|1[0-9]|2[0-8])))"
  private static let clock = "(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?)"
  private static let zone = "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
  private static let byte = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
  private static let label = "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?"
  private static let host = "\(label)(\\.\(label)){0,4}"
  private static let domain = "(\(label)\\.){1,4}[a-z]{2,12}"
  private static let path = "(/[A-Za-z0-9._~-]{0,32}){0,8}"
  private static let query = "(\\?[A-Za-z0-9._~=&-]{0,64})?"

  private static let all: [String: String] = [
    "date": date,
    "time": clock + zone,
    "date-time": date + "T" + clock + zone,
    "duration":
      "P(([1-9][0-9]{0,3}Y([1-9][0-9]?M([1-9][0-9]?D)?)?|[1-9][0-9]?M([1-9][0-9]?D)?|[1-9][0-9]{0,3}D)"
      + "(T([1-9][0-9]?H([1-9][0-9]?M([1-9][0-9]?S)?)?|[1-9][0-9]?M([1-9][0-9]?S)?|[1-9][0-9]?S))?"
      + "|T([1-9][0-9]?H([1-9][0-9]?M([1-9][0-9]?S)?)?|[1-9][0-9]?M([1-9][0-9]?S)?|[1-9][0-9]?S)"
      + "|[1-9][0-9]?W)",
    "email": "[a-z0-9_+-]{1,20}(\\.[a-z0-9_+-]{1,20}){0,3}@\(domain)",
    "hostname": host,
    "ipv4": "\(byte)(\\.\(byte)){3}",
    "ipv6": "[0-9a-f]{1,4}(:[0-9a-f]{1,4}){7}",
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "uri": "https?://\(domain)\(path)\(query)",
    "uri-reference": "https?://\(domain)\(path)\(query)",
    "json-pointer": "(/([!-.0-}]|~[01]){0,32}){0,8}",
    "relative-json-pointer": "(0|[1-9][0-9]{0,3})(#|(/([!-.0-}]|~[01]){0,32}){0,8})",
  ]
}
