/// One element of `Sec-WebSocket-Extensions`: a name and its parameters.
///
/// - Standard: RFC 6455, section 9.1.
struct ExtensionOffer {
  struct Parameter {
    var name: String
    var value: String?
  }

  var name: String
  var parameters: [Parameter]

  /// Takes a field's value apart; nil when it is not a list of extensions.
  static func list(_ value: String) -> [ExtensionOffer]? {
    var offers: [ExtensionOffer] = []
    for element in Grammar.list(Array(value.utf8)) {
      let parts = element.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        .map(Grammar.trimmed)
      guard let name = parts.first, Grammar.isToken(name) else { return nil }
      var parameters: [Parameter] = []
      for part in parts.dropFirst() {
        guard let parameter = parameter(part) else { return nil }
        parameters.append(parameter)
      }
      offers.append(
        ExtensionOffer(name: String(decoding: name, as: UTF8.self), parameters: parameters))
    }
    return offers
  }

  /// Reads `token [ "=" ( token / quoted token ) ]`.
  private static func parameter(_ bytes: ArraySlice<UInt8>) -> Parameter? {
    let name = Grammar.trimmed(bytes.prefix { $0 != UInt8(ascii: "=") })
    guard Grammar.isToken(name) else { return nil }
    let text = String(decoding: name, as: UTF8.self)
    guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else {
      return Parameter(name: text, value: nil)
    }
    var value = Grammar.trimmed(bytes[(equals + 1)...])
    if value.count >= 2, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"") {
      value = value.dropFirst().dropLast()
    }
    guard Grammar.isToken(value) else { return nil }
    return Parameter(name: text, value: String(decoding: value, as: UTF8.self))
  }
}
