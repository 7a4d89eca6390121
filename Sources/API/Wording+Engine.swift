internal import HTTP
internal import Engine
internal import JSON
package import HTTPTypes

extension EngineError {
  /// Status, machine-readable name and sentence.
  package var sentence: (HTTPResponse.Status, String, String) {
    switch self {
    case .emptyPrompt: (.badRequest, "empty_prompt", "The prompt has no tokens")
    case .tokenOutOfRange(let token, let size):
      (
        .badRequest, "token_out_of_range",
        "Token \(token) is out of range; the vocabulary has \(size) tokens (0 to \(size - 1))"
      )
    case .contextOverflow(let prompt, let wanted, let length):
      (
        .badRequest, "context_length_exceeded",
        "This model's maximum context length is \(length) tokens, but \(prompt + wanted) were asked for "
          + "(\(prompt) in the prompt, \(wanted) to generate)"
      )
    case .unknownFamily(let family, let supported):
      (
        .unprocessableContent, "unsupported_model",
        "Models of the family \(family) are not supported; "
          + "supported: \(supported.joined(separator: ", ")). Sources/FAMILIES.md says how to add one"
      )
    case .checkpoint, .tokenizer:
      (
        fileFault?.isMissing == true ? .notFound : .unprocessableContent, "unusable_checkpoint",
        fileFault?.text ?? "The model's files can't be used"
      )
    case .vocabularyOnly(let id):
      (
        .badRequest, "vocabulary_only",
        "\(id) was loaded with vocab_only: its texts can be tokenised and its template applied, but nothing "
          + "can be run; load it without vocab_only"
      )
    case .unknownModel: (.notFound, "model_not_found", "Model not found")
    case .ended: (.conflict, "run_ended", "The run has ended")
    case .notPaused: (.conflict, "run_not_paused", "The run is not paused")
    case .stepOutOfRange(let step, let last):
      (
        .badRequest, "step_out_of_range", "Step \(step) is out of range; the last one is \(last)"
      )
    case .intervention(let problem): (.badRequest, "invalid_intervention", problem.sentence)
    case .unknownIntervention(let id):
      (.notFound, "intervention_not_found", "Intervention \(id) not found")
    case .overloaded(let waiting, let limit):
      (
        .serviceUnavailable, "overloaded",
        "\(waiting) runs are waiting, as many as this server allows (\(limit)); try again later"
      )
    case .limit(let limit): ErrorReply.limitReached(limit).worded
    case .captureMemory(let bytes, let limit):
      (
        .contentTooLarge, "capture_too_large",
        "The captures of one pass take \(bytes) bytes of memory at once, more than the \(limit) that one client's may; "
          + "select positions, heads or neurons, ask for fewer hooks, or start the server with more --capture-memory"
      )
    case .noLibrary(let name, let package, let reason):
      (
        .notImplemented, "library_missing",
        "This needs \(name), which can't be used here: \(reason); Debian and Ubuntu have it as the package \(package)"
      )
    case .cancelled: (.conflict, "cancelled", "The computation was cancelled")
    case .notFinite(let step):
      (
        .internalServerError, "not_finite",
        "The scores of step \(step) are not numbers; an intervention or damaged weights blew up"
      )
    }
  }

  /// The facts as a JSON object, for programs.
  var details: [UInt8]? {
    switch self {
    case .contextOverflow(let prompt, let wanted, let length):
      JSONWriter.object {
        $0.member("prompt_tokens", prompt)
        $0.member("max_tokens", wanted)
        $0.member("context_length", length)
      }
    case .checkpoint, .tokenizer:
      fileFault.map { fault in
        JSONWriter.object {
          $0.member("file", fault.file)
          $0.member(ifPresent: fault.isTensor ? "tensor" : "field", fault.subject)
          $0.member("expected", fault.expected)
          $0.member("found", fault.found)
          $0.member(ifPresent: "offset", fault.offset)
        }
      }
    case .stepOutOfRange(let step, let last):
      JSONWriter.object {
        $0.member("step", step)
        $0.member("last", last)
      }
    case .overloaded(let waiting, let limit):
      JSONWriter.object {
        $0.member("waiting", waiting)
        $0.member("limit", limit)
      }
    case .limit(let limit): ErrorReply.limitReached(limit).details
    case .captureMemory(let bytes, let limit):
      JSONWriter.object {
        $0.member("estimated_bytes", bytes)
        $0.member("limit_bytes", limit)
      }
    case .emptyPrompt, .tokenOutOfRange, .unknownFamily, .unknownModel, .vocabularyOnly, .ended,
      .notPaused, .noLibrary,
      .intervention, .unknownIntervention, .cancelled, .notFinite:
      nil
    }
  }
}
