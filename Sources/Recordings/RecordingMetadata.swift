package import JSON

/// What a recording says of itself in its first record.
package struct RecordingMetadata: Hashable, Sendable {
  /// The run that was recorded.
  package var runID: String
  /// The model's name.
  package var model: String
  /// Of the model: of all bytes where ``isWholeHash`` says so, in older recordings of samples of its tensors.
  package var modelHash: String?
  /// Of the tokenizer's vocabulary and rules.
  package var tokenizerHash: String?
  /// What drawing tokens began with.
  package var seed: UInt64?
  /// Whatever else the server wants to find again.
  package var more: [JSONValue.Member]

  package init(
    runID: String, model: String, modelHash: String? = nil, tokenizerHash: String? = nil,
    seed: UInt64? = nil, more: [JSONValue.Member] = []
  ) {
    self.runID = runID
    self.model = model
    self.modelHash = modelHash
    self.tokenizerHash = tokenizerHash
    self.seed = seed
    self.more = more
  }

  /// Says that ``modelHash`` is of all bytes; a member of ``more``, which older recordings lack.
  package static let wholeHash = JSONValue.Member("model_hash_of", .string("bytes"))

  package var isWholeHash: Bool {
    more.contains { $0.name == Self.wholeHash.name && $0.value == Self.wholeHash.value }
  }

  /// Says whose key has recorded; a member of ``more``, absent where nobody needed a key.
  package static func owner(_ key: String) -> JSONValue.Member {
    .init("owner", .string(key))
  }

  /// The name of the key that it belongs to; nil where it is nobody's.
  package var owner: String? { more.first { $0.name == "owner" }?.value.string }

  /// The record's document; the seed is text because JSON readers round large numbers.
  package var json: JSONValue {
    let own: [JSONValue.Member] = [
      .init("run_id", .string(runID)), .init("model", .string(model)),
      .init("model_hash", modelHash.map { .string($0) } ?? .null),
      .init("tokenizer_hash", tokenizerHash.map { .string($0) } ?? .null),
      .init("seed", seed.map { .string(String($0)) } ?? .null),
    ]
    return JSONValue(members: own + more)
  }

  /// Reads the record's document; nil when the run or model is not named.
  package init?(_ json: JSONValue) {
    guard let runID = json["run_id"]?.string, let model = json["model"]?.string else { return nil }
    let known: Set = ["run_id", "model", "model_hash", "tokenizer_hash", "seed"]
    self.init(
      runID: runID, model: model, modelHash: json["model_hash"]?.string,
      tokenizerHash: json["tokenizer_hash"]?.string,
      seed: json["seed"]?.string.flatMap { UInt64($0) },
      more: json.members?.filter { !known.contains($0.name) } ?? [])
  }
}
