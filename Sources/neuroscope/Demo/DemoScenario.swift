/// A scenario as `GET /v1/scenarios` tells it; the server knows its hooks.
struct DemoScenario: Codable {
  struct Message: Codable {
    let role: String
    let content: String
  }

  let name: String
  let title: String
  let group: String
  let messages: [Message]
  /// The answer has to contain one of these, whatever the case.
  let expectAny: [String]?

  /// What the user says.
  var question: String { messages.last { $0.role == "user" }?.content ?? "" }
}

/// The answer of `GET /v1/scenarios`.
struct DemoScenarios: Codable {
  let scenarios: [DemoScenario]
}

/// What the demonstration needs of `GET /health`.
struct DemoHealth: Codable {
  let status: String
  let version: String
  let currentModel: String?
  let ready: Bool
}

/// What the demonstration needs of the answer to `POST /v1/scenarios/{name}/run`.
struct DemoStart: Codable {
  struct Scaling: Codable {
    let hookId: String
    let documentedLayer: Int
    let layer: Int
  }

  struct Run: Codable {
    let model: String
    let promptTokens: Int
    let hooks: [DemoHook]
  }

  let runId: String
  let run: Run
  let scaledLayers: [Scaling]
}

/// A hook of a run.
struct DemoHook: Codable {
  let index: Int
  let hookId: String
  let layerName: String
  let component: String
  let isInput: Bool
  let layer: Int?

  /// Its name and side, as one word.
  var label: String { isInput ? hookId + ".input" : hookId }
}
