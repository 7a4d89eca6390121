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
      Route(.get, "/health", needs: .scope(.read), handler: answer(health)),
      Route(.get, "/livez", needs: .open, handler: answer(live)),
      Route(.get, "/readyz", needs: .open, handler: answer(ready)),
      Route(.get, "/metrics", needs: .scope(.read), handler: answer(metrics)),

      Route(.get, "/v1/models", needs: .scope(.read), handler: answer(listModels)),
      Route(.post, "/v1/models/load", needs: .scope(.admin), handler: answer(loadModel)),
      Route(.post, "/v1/models/unload", needs: .scope(.admin), handler: answer(unloadModel)),
      Route(.get, "/v1/models/available", needs: .scope(.read), handler: answer(availableModels)),
      Route(.get, "/v1/models/{id}", needs: .scope(.read), handler: answer(describeModel)),
      Route(.get, "/v1/models/{id}/hook_points", needs: .scope(.read), handler: answer(hookPoints)),
      Route(.get, "/v1/models/{id}/heads", needs: .scope(.run), handler: answer(nameHeads)),
      Route(.get, "/v1/capabilities", needs: .scope(.read), handler: answer(capabilities)),

      Route(.post, "/v1/chat/completions", needs: .scope(.run), handler: answer(chat)),
      Route(
        .post, "/v1/chat/completions/with_activations", needs: .scope(.run),
        handler: answer(chatWithActivations)),
      Route(.post, "/v1/completions", needs: .scope(.run), handler: answer(complete)),
      Route(.post, "/v1/responses", needs: .scope(.run), handler: answer(respond)),
      Route(.post, "/v1/embeddings", needs: .scope(.run), handler: answer(embed)),
      Route(.post, "/v1/score", needs: .scope(.run), handler: answer(score)),
      Route(.post, "/v1/analyze/attention", needs: .scope(.run), handler: answer(analyzeAttention)),
      Route(.post, "/v1/activations/patch", needs: .scope(.run), handler: answer(patchActivations)),
      Route(.post, "/v1/circuits/discover", needs: .scope(.run), handler: answer(discoverCircuits)),
      Route(.post, "/v1/harvest", needs: .scope(.run), handler: answer(harvest)),
      Route(.get, "/v1/harvests", needs: .scope(.record), handler: answer(listHarvests)),
      Route(.get, "/v1/harvests/{id}", needs: .scope(.record), handler: answer(describeHarvest)),
      Route(.delete, "/v1/harvests/{id}", needs: .scope(.record), handler: answer(deleteHarvest)),
      Route(
        .get, "/v1/harvests/{id}/files/{file}", needs: .scope(.record),
        handler: answer(harvestFile)),
      Route(
        .post, "/v1/harvests/{id}/share", needs: .scope(.record), handler: answer(shareHarvest)),

      Route(.get, "/v1/activations/hooks", needs: .scope(.read), handler: answer(listHooks)),
      Route(
        .post, "/v1/activations/hooks", needs: .scope(.intervene), handler: answer(registerHooks)),
      Route(
        .delete, "/v1/activations/hooks", needs: .scope(.intervene), handler: answer(clearHooks)),

      Route(.post, "/v1/tokenize", needs: .scope(.run), handler: answer(tokenize)),
      Route(.post, "/v1/detokenize", needs: .scope(.run), handler: answer(detokenize)),
      Route(.post, "/v1/apply_template", needs: .scope(.run), handler: answer(applyTemplate)),

      Route(.get, "/v1/runs", needs: .scope(.read), handler: answer(listRuns)),
      Route(.post, "/v1/runs", needs: .scope(.run), handler: answer(startRun)),
      Route(.get, "/v1/runs/{id}", needs: .scope(.read), handler: answer(describeRun)),
      Route(.delete, "/v1/runs/{id}", needs: .scope(.run), handler: answer(cancelRun)),
      Route(.get, "/v1/runs/{id}/events", needs: .scope(.read), handler: answer(events)),
      Route(.get, "/v1/runs/{id}/socket", needs: .scope(.read), handler: answer(runSocket)),
      Route(.get, "/v1/runs/{id}/frames", needs: .scope(.read), handler: answer(frames)),
      Route(.post, "/v1/runs/{id}/share", needs: .scope(.run), handler: answer(shareRun)),
      Route(
        .delete, "/v1/runs/{id}/interventions", needs: .scope(.intervene),
        handler: answer(clearInterventions)),
      Route(.get, "/v1/socket", needs: .scope(.read), handler: answer(socket)),

      Route(.get, "/v1/analyses", needs: .scope(.read), handler: answer(listAnalyses)),
      Route(.post, "/v1/analyses", needs: .scope(.run), handler: answer(analyse)),

      Route(.get, "/v1/graphs", needs: .scope(.read), handler: answer(listGraphs)),
      Route(.get, "/v1/graphs/{slug}", needs: .scope(.read), handler: answer(describeGraph)),
      Route(.delete, "/v1/graphs/{slug}", needs: .scope(.run), handler: answer(deleteGraph)),
      Route(.post, "/v1/graphs/{slug}/verify", needs: .scope(.run), handler: answer(verifyGraph)),
      Route(.post, "/v1/graphs/{slug}/share", needs: .scope(.run), handler: answer(shareGraph)),

      Route(.get, "/v1/recordings", needs: .scope(.record), handler: answer(listRecordings)),
      Route(
        .get, "/v1/recordings/{id}", needs: .scope(.record), handler: answer(describeRecording)),
      Route(
        .delete, "/v1/recordings/{id}", needs: .scope(.record), handler: answer(deleteRecording)),
      Route(
        .get, "/v1/recordings/{id}/file", needs: .scope(.record), handler: answer(recordingFile)),
      Route(
        .get, "/v1/recordings/{id}/export", needs: .scope(.record), handler: answer(exportRecording)
      ),
      Route(
        .post, "/v1/recordings/{id}/replay", needs: .scope(.record),
        handler: answer(replayRecording)),
      Route(
        .post, "/v1/recordings/{id}/verify", needs: .scope(.record),
        handler: answer(verifyRecording)),
      Route(
        .post, "/v1/recordings/{id}/share", needs: .scope(.record),
        handler: answer(shareRecording)),

      Route(.get, "/v1/scenarios", needs: .scope(.read), handler: answer(listScenarios)),
      Route(.post, "/v1/scenarios/{name}/run", needs: .scope(.run), handler: answer(runScenario)),

      Route(.get, "/login", needs: .open, handler: answer(loginPage)),
      Route(.post, "/v1/login", needs: .open, handler: answer(logIn)),
      Route(.post, "/v1/logout", needs: .open, handler: answer(logOut)),
      Route(.post, "/v1/tickets", needs: .scope(.read), handler: answer(makeTicket)),
      Route(.post, "/v1/keys/reload", needs: .scope(.admin), handler: answer(reloadKeys)),

      Route(.get, "/v1/openapi.json", needs: .open, handler: answer(openAPI)),
      Route(.get, "/reference", needs: .open, handler: answer(reference)),
      Route(.get, "/", needs: .open, handler: answer(page)),
      Route(.get, "/dashboard/{file}", needs: .open, handler: answer(pageFile)),
    ]
  }

  /// The route of a command of a run.
  private func route(_ command: any RunCommand.Type) -> Route {
    let service = service
    return Route(
      command.method, "/v1/runs/{id}/" + command.path, needs: .scope(command.scope),
      handler: answer { request throws(Refusal) in
        try await Self.reply(command.perform(RunCall(request, service)))
      })
  }

  /// A handler that may refuse.
  func answer(
    _ body: @escaping @Sendable (Request) async throws(Refusal) -> Reply
  ) -> Handler {
    { request in
      do throws(Refusal) {
        return try await body(request).telling(request.remarks)
      } catch {
        return .error(error.reply)
      }
    }
  }
}
