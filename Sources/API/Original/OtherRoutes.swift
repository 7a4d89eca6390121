internal import HTTP
internal import HTTPTypes

/// What clients of the server that this one's first routes come from may ask besides, refused with what to use instead.
enum OtherRoutes {
  /// A route, and what does here what can be done of it.
  struct Refused: Sendable {
    let method: HTTPRequest.Method
    let path: String
    let instead: String

    init(_ method: HTTPRequest.Method, _ path: String, _ instead: String) {
      (self.method, self.path, self.instead) = (method, path, instead)
    }
  }

  static let all = [
    Refused(
      .post, "/v1/circuits/enhanced-discover",
      "a pass is repeated exactly, so that there are no statistics of it; POST /v1/circuits/discover "
        + "ranks places, POST /v1/analyses compares two prompts"),
    Refused(
      .post, "/v1/features/localize",
      "no features are trained here; POST /v1/harvest keeps activations to train on, POST /v1/analyses "
        + "with attribution_graph finds what made a token"),
    Refused(
      .get, "/v1/features/common",
      "no features are kept here; GET /v1/analyses lists what is computed"),
    Refused(
      .get, "/v1/features/methods",
      "no features are trained here; GET /v1/analyses lists what is computed"),
    Refused(.get, "/v1/tasks", "GET /v1/runs and GET /v1/harvests list what is under way"),
    Refused(
      .get, "/v1/tasks/status/{id}",
      "GET /v1/runs/{id} and GET /v1/harvests/{id} tell how far one is"),
    Refused(
      .post, "/analyze/residual",
      "POST /v1/runs with the analyses logit_lens and direct_logit_attribution reads the residual stream"
    ),
    Refused(
      .post, "/analyze/math",
      "POST /v1/circuits/discover ranks the places that an answer leans on, whatever it is about"),
    Refused(
      .post, "/analyze/factual",
      "POST /v1/circuits/discover ranks the places that an answer leans on, whatever it is about"),
    Refused(
      .post, "/export/neuroscope",
      "POST /v1/runs with record keeps a run, GET /v1/recordings/{id}/export gives its tensors"),
    Refused(.get, "/debug/routes", "GET /v1/openapi.json describes every route"),
    Refused(.get, "/status", "GET /health"),
    Refused(.get, "/models", "GET /v1/models"),
    Refused(.get, "/models/{id}", "GET /v1/models/{id}"),
  ]
}

extension Routes {
  /// The routes that are known and not served.
  var refused: [Route] {
    OtherRoutes.all.map { other in
      Route(
        other.method, other.path, needs: .scope(.read),
        handler: answer { _ throws(Refusal) in
          throw .notServed("\(other.method.rawValue) \(other.path)", instead: other.instead)
        })
    }
  }
}
