internal import Engine
internal import JSON

extension ModelPrecision {
  /// The same in the facts of a model and in recordings made with it.
  var json: JSONValue {
    .array(
      parts.map { part in
        [
          "weights": .string(part.weights), "share": .number(part.share),
          "prompt": .string(part.prompt), "decode": .string(part.decode),
        ]
      })
  }
}
