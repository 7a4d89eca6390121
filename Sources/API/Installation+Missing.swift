extension Installation {
  /// A part of the program's files that no root has, and what does not work without it.
  package struct MissingPart: Sendable, Hashable {
    /// Such as "the dashboard's pages".
    package let name: String
    /// What is answered with 404 or an error.
    package let consequence: String
  }

  /// The parts that are missing, as in a binary that was copied without its files.
  ///
  /// The bundled model is none of them: whoever needs it is told when it is loaded.
  package var missingParts: [MissingPart] {
    var missing: [MissingPart] = []
    if dashboardFile("index.html") == nil {
      missing.append(
        MissingPart(name: "the dashboard's pages", consequence: "/ and /reference answer 404"))
    }
    if protocolFile("openapi.json") == nil {
      missing.append(
        MissingPart(
          name: "the protocol's description (Protocol)",
          consequence: "/v1/openapi.json and the published client are missing"))
    }
    return missing
  }
}
