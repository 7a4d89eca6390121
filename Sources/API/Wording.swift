package import HTTP
internal import Engine
internal import JSON
internal import HTTPTypes
internal import Loops
internal import Hooks
internal import Recordings
internal import Runs

extension Refusal {
  /// The answer to the client: the only place where facts become sentences.
  package var reply: ErrorReply {
    let (status, code, message) = sentence
    let facts = details
    if let limit { return .limitReached(limit) }
    // What there is no room for now may have some in a moment.
    let fields: HTTPFields = status == .serviceUnavailable ? [.retryAfter: "1"] : [:]
    return ErrorReply(status, code: code, message: message, details: facts, fields: fields)
  }

  /// The limit of a key that was reached, if that is why.
  private var limit: LimitReached? {
    if case .run(.limit(let limit)) = self { return limit }
    if case .run(.engine(.limit(let limit))) = self { return limit }
    if case .engine(.limit(let limit)) = self { return limit }
    return nil
  }

  /// Status, machine-readable name and sentence of each refusal.
  ///
  /// One table without `default`, so that a refusal without words does not compile.
  private var sentence: (HTTPResponse.Status, String, String) {
    switch self {
    case .bodyRequired: (.badRequest, "body_required", "Request body is required")
    case .malformedJSON(let offset, let expected, let found):
      (
        .badRequest, "invalid_json",
        "Request body is not valid JSON: at byte \(offset) expected \(expected), found \(found)"
      )
    case .notAnObject(let found):
      (.badRequest, "invalid_json", "Request body must be a JSON object, found \(found)")
    case .missing(let field): (.badRequest, "missing_field", "\(field) is required")
    case .wrongType(let field, let expected, let found):
      (.badRequest, "wrong_type", "\(field) must be \(expected), found \(found)")
    case .outOfRange(let field, let found, let allowed):
      (.badRequest, "out_of_range", "\(field) must be \(allowed), found \(found)")
    case .unknownValue(let field, let found, let allowed):
      (
        .badRequest, "unknown_value",
        "\(field) \(found) is not known; known: \(allowed.joined(separator: ", "))"
      )
    case .conflict(let fields, let reason):
      (
        .badRequest, "conflicting_fields",
        "\(fields.joined(separator: " and ")) can't go together: \(reason)"
      )
    case .unknownMember(let field, let nearest):
      (
        .badRequest, "unknown_field",
        "\(field) is not known here" + (nearest.map { "; did you mean \($0)?" } ?? "")
      )
    case .notImplemented(let field, let found, let reason):
      (
        .badRequest, "unsupported_field",
        "\(field) (\(found)) is not implemented by this server: \(reason)"
      )
    case .messagesRequired: (.badRequest, "messages_required", "Messages are required")
    case .hooksRequired:
      (.badRequest, "hooks_required", "activation_hooks are required for this endpoint")
    case .modelPathRequired: (.badRequest, "model_path_required", "model_path is required")
    case .modelNotFound: (.notFound, "model_not_found", "Model not found")
    case .textRequired: (.badRequest, "text_required", "text is required")
    case .pathNotAllowed(let path):
      (
        .forbidden, "path_not_allowed",
        "\(path) is outside the directories that models may be loaded from; "
          + "the server's operator adds one with --models-dir"
      )
    case .pathNotFound(let path):
      (.notFound, "path_not_found", "\(path): no such file or directory")
    case .noChatFormat(let model, let reason):
      (.badRequest, "no_chat_format", "\(model) can't take chat messages: \(reason)")
    case .engine(let error): error.sentence
    case .hookName(let problem, let field):
      (.badRequest, problem.code, "\(field): \(problem.sentence)")
    case .hookWithoutSide(let id, let field):
      (
        .badRequest, "hook_captures_nothing",
        "\(field): hook \(id) has both capture_input and capture_output false"
      )
    case .repeatedHook(let id, let field):
      (.badRequest, "repeated_hook_id", "\(field): hook_id \(id) is used twice")
    case .selection(let field, let reason):
      (.badRequest, "invalid_selection", "\(field): \(reason)")
    case .noRegisteredHooks(let model):
      (.badRequest, "no_registered_hooks", "No hooks are registered for \(model)")
    case .captureTooLarge(let estimate, let limit):
      (
        .contentTooLarge, "capture_too_large",
        "The captures of this request are estimated at \(estimate) bytes, more than the \(limit) "
          + "allowed; select positions, heads or neurons, reduce, or ask for fewer hooks"
      )
    case .intervention(let problem, let field):
      (.badRequest, "invalid_intervention", "\(field): \(problem.sentence)")
    case .repeatedIntervention(let id, let field):
      (.badRequest, "repeated_intervention_id", "\(field): intervention_id \(id) is used twice")
    case .repeatedAnalysis(let name, let field):
      (.badRequest, "repeated_analysis", "\(field): \(name) is asked for twice")
    case .notOneToken(let field, let text, let count):
      (
        .badRequest, "not_one_token",
        "\(field): \"\(text)\" is \(count) tokens of this model, one is needed"
      )
    case .unequalLengths(let field, let found, let other, let expected):
      (
        .badRequest, "unequal_lengths",
        "\(field) has \(found) tokens, \(other) has \(expected); positions must correspond"
      )
    case .unequalCounts(let field, let found, let expected):
      (.badRequest, "unequal_counts", "\(field) has \(found) entries, clean has \(expected)")
    case .sweepTooLarge(let passes, let tokens, let limit):
      (
        .contentTooLarge, "analysis_too_large",
        "The analysis takes \(passes) passes over \(tokens) tokens, more than the \(limit) tokens "
          + "allowed in all; name fewer layers, places or prompts"
      )
    case .weightsTooLarge(let products, let limit):
      (
        .contentTooLarge, "analysis_too_large",
        "The analysis takes \(Int(min(products, 1e18) / 1e9)) billion products, more than the \(Int(limit / 1e9)) billion "
          + "allowed; name fewer layers, directions or edges"
      )
    case .weightsTooHeavy(let bytes, let limit):
      (
        .contentTooLarge, "analysis_too_large",
        "The analysis takes \(Int(min(bytes, 1e18))) bytes, more than the \(limit) allowed; name fewer layers, directions or "
          + "edges, or leave the vectors out"
      )
    case .noSuchCapture(let run, let hook):
      (
        .badRequest, "no_such_capture",
        "Run \(run) holds no captures of hook \(hook) to patch from"
      )
    case .captureForgotten(let run, let hook, let limit):
      (
        .conflict, "capture_forgotten",
        "The captures of hook \(hook) of run \(run) gave way to those of later hooks (\(limit) bytes are "
          + "kept for patches); run it again with dtype f32, or send its rows as source.rows"
      )
    case .inexactCapture(let run, let hook, let dtype):
      (
        .conflict, "inexact_capture",
        "Run \(run) holds hook \(hook) rounded to \(dtype) only; a patch takes exact numbers: record or run "
          + "it with dtype f32, or send its rows as source.rows"
      )
    case .run(let error): error.sentence
    case .notAModelRun(let id):
      (
        .conflict, "not_a_model_run",
        "Run \(id) replays a recording or is an analysis; no model generates in it"
      )
    case .hookNotFound(let hook, let run):
      (.notFound, "hook_not_found", "Run \(run) has no hook \(hook)")
    case .badEventID(let text):
      (.badRequest, "bad_event_id", "\(text) is not an event id of this server")
    case .scopeMissing(let scope, let caller):
      ErrorReply.scopeMissing(scope, caller: caller).worded
    case .keyUnknown: ErrorReply.keyUnknown.worded
    case .noKeys: (.conflict, "no_keys", "This server was started without keys and needs none")
    case .ofAnotherKey(let what):
      (
        .forbidden, "of_another_key",
        "\(what) belongs to another key, which shares it: it can be read and not changed"
      )
    case .keyFile(let error): (.unprocessableContent, "keys_unusable", error.sentence)
    case .nothingToReload:
      (.conflict, "no_keys", "This server was started without keys and without a certificate")
    case .certificate(let error):
      (.unprocessableContent, "certificate_unusable", error.sentence)
    case .recordingsDisabled:
      (.badRequest, "recordings_disabled", "This server was started without recordings")
    case .recordingNotFound(let id):
      (.notFound, "recording_not_found", "Recording \(id) not found")
    case .recordingReadOnly:
      (.forbidden, "recording_read_only", "This server plays one recording and changes none")
    case .recording(let error): error.sentence
    case .harvestsDisabled:
      (
        .badRequest, "harvests_disabled",
        "This server keeps no harvests: leave name out and read the stream, or start it with --harvests-dir"
      )
    case .harvestFile(let error): error.sentence
    case .graphNotFound(let slug):
      (
        .notFound, "graph_not_found",
        "Graph \(slug.prefix(80)) not found; it was never made, or gave way to later ones: make it again"
      )
    case .scenarioNotFound(let name, let known):
      (
        .notFound, "scenario_not_found",
        "Scenario \(name) not found; known: \(known.joined(separator: ", "))"
      )
    case .unknownCommand(let name, let known):
      (
        .badRequest, "unknown_command",
        "command \(name) is not known; known: \(known.joined(separator: ", "))"
      )
    case .fileMissing(let name):
      (.internalServerError, "installation_incomplete", "\(name) is missing in this installation")
    case .notServed(let route, let instead):
      (.notImplemented, "not_served", "\(route) is not served here: \(instead)")
    case .fileNotFound(let name): (.notFound, "not_found", "\(name.prefix(80)) not found")
    case .promptTooLong(let bytes, let least, let length):
      (
        .badRequest, "context_length_exceeded",
        "This model's maximum context length is \(length) tokens, but the \(bytes) bytes of the prompt are at least "
          + "\(least)"
      )
    case .work(let refusal): refusal.sentence
    case .abandoned:
      (.serviceUnavailable, "abandoned", "The request was given up before it was begun")
    case .outOfMemory:
      (.serviceUnavailable, "out_of_memory", "The server has no memory for another run")
    }
  }

  /// The facts as a JSON object, for programs.
  private var details: [UInt8]? {
    switch self {
    case .missing(let field): JSONWriter.object { $0.member("field", field) }
    case .wrongType(let field, let expected, let found):
      JSONWriter.object {
        $0.member("field", field)
        $0.member("expected", expected)
        $0.member("found", found)
      }
    case .outOfRange(let field, let found, let allowed):
      JSONWriter.object {
        $0.member("field", field)
        $0.member("allowed", allowed)
        $0.member("found", found)
      }
    case .unknownValue(let field, let found, let allowed):
      JSONWriter.object {
        $0.member("field", field)
        $0.member("found", found)
        $0.member("allowed", allowed)
      }
    case .unknownMember(let field, let nearest):
      JSONWriter.object {
        $0.member("field", field)
        $0.member(ifPresent: "nearest", nearest.map { [$0] })
      }
    case .notImplemented(let field, let found, _):
      JSONWriter.object {
        $0.member("field", field)
        $0.member("found", found)
      }
    case .notServed(_, let instead): JSONWriter.object { $0.member("instead", instead) }
    case .malformedJSON(let offset, _, _): JSONWriter.object { $0.member("offset", offset) }
    case .modelNotFound(let id): JSONWriter.object { $0.member("model", id) }
    case .hookName(let problem, let field):
      JSONWriter.object {
        $0.member("field", field)
        $0.member("nearest", problem.nearest)
      }
    case .selection(let field, _), .hookWithoutSide(_, let field), .repeatedHook(_, let field),
      .intervention(_, let field), .repeatedIntervention(_, let field),
      .repeatedAnalysis(_, let field), .notOneToken(let field, _, _),
      .unequalLengths(let field, _, _, _), .unequalCounts(let field, _, _):
      JSONWriter.object { $0.member("field", field) }
    case .captureTooLarge(let estimate, let limit):
      JSONWriter.object {
        $0.member("estimated_bytes", estimate)
        $0.member("limit_bytes", limit)
      }
    case .promptTooLong(let bytes, let least, let length):
      JSONWriter.object {
        $0.member("prompt_bytes", bytes)
        $0.member("least_prompt_tokens", least)
        $0.member("context_length", length)
      }
    case .work(let refusal): refusal.details
    case .scopeMissing(let scope, let caller):
      ErrorReply.scopeMissing(scope, caller: caller).details
    case .notAModelRun(let id): JSONWriter.object { $0.member("run_id", id) }
    case .run(let error): error.details
    case .scenarioNotFound(_, let known), .unknownCommand(_, let known):
      JSONWriter.object { $0.member("known", known) }
    case .engine(let error): error.details
    case .harvestFile(let error): error.details
    case .bodyRequired, .notAnObject, .conflict, .messagesRequired, .hooksRequired,
      .modelPathRequired, .pathNotAllowed, .pathNotFound, .noChatFormat, .noRegisteredHooks,
      .noSuchCapture, .captureForgotten, .inexactCapture, .sweepTooLarge,
      .weightsTooLarge, .weightsTooHeavy, .hookNotFound,
      .badEventID, .keyUnknown, .noKeys, .keyFile, .nothingToReload,
      .certificate, .ofAnotherKey, .recordingsDisabled,
      .recordingNotFound, .harvestsDisabled, .recordingReadOnly, .recording, .graphNotFound,
      .textRequired,
      .fileMissing,
      .fileNotFound, .outOfMemory, .abandoned:
      nil
    }
  }
}
