package import HTTP
internal import HTTPTypes

/// Everything the server answers to, one line each; adding a route is one line here and its function in `Routes/`.
package struct Routes: Sendable {
  let service: Service

  package init(_ service: Service) { self.service = service }

  /// The list, in the order of the documented contract.
  package var all: [Route] {
    own + RunCommands.all.map { route($0) }
  }

  private var own: [Route] {
    [
      Route(.get, "/health", handler: answer(health)),

      Route(.get, "/v1/models", handler: answer(listModels)),
      Route(.post, "/v1/models/load", handler: answer(loadModel)),
      Route(.post, "/v1/models/unload", handler: answer(unloadModel)),
      Route(.get, "/v1/models/available", handler: answer(availableModels)),
      Route(.get, "/v1/models/{id}", handler: answer(describeModel)),
      Route(.get, "/v1/models/{id}/hook_points", handler: answer(hookPoints)),
      Route(.get, "/v1/capabilities", handler: answer(capabilities)),

      Route(.post, "/v1/chat/completions", handler: answer(chat)),
      Route(
        .post, "/v1/chat/completions/with_activations", handler: answer(chatWithActivations)),
      Route(.post, "/v1/completions", handler: answer(complete)),

      Route(.get, "/v1/activations/hooks", handler: answer(listHooks)),
      Route(.post, "/v1/activations/hooks", handler: answer(registerHooks)),
      Route(.delete, "/v1/activations/hooks", handler: answer(clearHooks)),

      Route(.post, "/v1/tokenize", handler: answer(tokenize)),
      Route(.post, "/v1/detokenize", handler: answer(detokenize)),
      Route(.post, "/v1/apply_template", handler: answer(applyTemplate)),

      Route(.get, "/v1/runs", handler: answer(listRuns)),
      Route(.post, "/v1/runs", handler: answer(startRun)),
      Route(.get, "/v1/runs/{id}", handler: answer(describeRun)),
      Route(.delete, "/v1/runs/{id}", handler: answer(cancelRun)),
      Route(.get, "/v1/runs/{id}/events", handler: answer(events)),
      Route(.get, "/v1/runs/{id}/socket", handler: answer(runSocket)),
      Route(.get, "/v1/runs/{id}/frames", handler: answer(frames)),
      Route(.delete, "/v1/runs/{id}/interventions", handler: answer(clearInterventions)),
      Route(.get, "/v1/socket", handler: answer(socket)),

      Route(.get, "/v1/analyses", handler: answer(listAnalyses)),
      Route(.post, "/v1/analyses", handler: answer(analyse)),

      Route(.get, "/v1/recordings", handler: answer(listRecordings)),
      Route(.get, "/v1/recordings/{id}", handler: answer(describeRecording)),
      Route(.delete, "/v1/recordings/{id}", handler: answer(deleteRecording)),
      Route(.get, "/v1/recordings/{id}/file", handler: answer(recordingFile)),
      Route(.get, "/v1/recordings/{id}/export", handler: answer(exportRecording)),
      Route(.post, "/v1/recordings/{id}/replay", handler: answer(replayRecording)),
      Route(.post, "/v1/recordings/{id}/verify", handler: answer(verifyRecording)),

      Route(.get, "/v1/scenarios", handler: answer(listScenarios)),
      Route(.post, "/v1/scenarios/{name}/run", handler: answer(runScenario)),

      Route(.get, "/v1/openapi.json", handler: answer(openAPI)),
      Route(.get, "/reference", handler: answer(reference)),
      Route(.get, "/", handler: answer(page)),
      Route(.get, "/dashboard/{file}", handler: answer(pageFile)),
    ]
  }

  /// The route of a command of a run.
  private func route(_ command: any RunCommand.Type) -> Route {
    let service = service
    return Route(
      command.method, "/v1/runs/{id}/" + command.path,
      handler: answer { request throws(Refusal) in
        try await Self.reply(command.perform(RunCall(request, service)))
      })
  }

  /// A handler that may refuse.
  private func answer(
    _ body: @escaping @Sendable (Request) async throws(Refusal) -> Reply
  ) -> Handler {
    { request in
      do throws(Refusal) {
        return try await body(request)
      } catch {
        return .error(error.reply)
      }
    }
  }
}
