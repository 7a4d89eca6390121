internal import Streams
internal import Engine
internal import Frames
internal import JSON
internal import Tokenizers

/// What the events of a run say, beyond what `Frames` knows.
enum RunEvents {
  /// The members of `run.started`.
  static func started(_ run: RunFacts) -> EventContents {
    .runStarted(
      model: run.order.model.info.id, modelHash: run.order.model.digest.known,
      tokenIDs: run.order.tokens.map { Int($0) },
      pieces: run.order.tokens.map { run.order.model.tokenizer.piece($0) },
      hooks: run.hooks.map { $0.json(run.order.model.catalogue) }, sampling: sampling(run.order)
    )
  }

  static func sampling(_ order: RunOrder) -> JSONValue {
    let options = order.sampling.options
    let bias = options.logitBias.sorted { $0.key < $1.key }.map {
      JSONValue.Member(String($0.key), .float($0.value))
    }
    return [
      "temperature": .float(options.temperature), "top_p": .float(options.topP),
      "top_k": JSONValue(options.topK), "min_p": .float(options.minP),
      "repetition_penalty": .float(options.repetitionPenalty),
      "presence_penalty": .float(options.presencePenalty),
      "frequency_penalty": .float(options.frequencyPenalty),
      "seed": JSONValue(Int64(bitPattern: options.seed)),
      "max_tokens": JSONValue(order.maxTokens),
      "stop": .array(order.sampling.stop.map { .string($0) }),
      "logit_bias": JSONValue(members: bias),
    ]
  }

  /// OpenAI's counts.
  static func usage(_ summary: GenerationSummary) -> JSONValue {
    [
      "prompt_tokens": JSONValue(summary.promptTokens),
      "completion_tokens": JSONValue(summary.completionTokens),
      "total_tokens": JSONValue(summary.promptTokens + summary.completionTokens),
      "prompt_tokens_details": ["cached_tokens": JSONValue(summary.reusedTokens)],
    ]
  }

  /// Milliseconds and tokens per second.
  static func timings(_ summary: GenerationSummary) -> JSONValue {
    let computed = summary.promptTokens - summary.reusedTokens
    return [
      "queue_ms": milliseconds(summary.queueSeconds),
      "prompt_ms": milliseconds(summary.promptSeconds),
      "decode_ms": milliseconds(summary.decodeSeconds),
      "prompt_tokens_per_second": rate(computed, summary.promptSeconds),
      "decode_tokens_per_second": rate(
        max(0, summary.completionTokens - 1), summary.decodeSeconds),
    ]
  }

  private static func milliseconds(_ seconds: Double) -> JSONValue {
    .number((seconds * 1e6).rounded() / 1e3)
  }

  private static func rate(_ tokens: Int, _ seconds: Double) -> JSONValue {
    seconds > 0 ? .number((Double(tokens) / seconds * 100).rounded() / 100) : .null
  }

  /// The `gap` of one viewer.
  ///
  /// It has no number of its own: the last one missed stands for it.
  static func gap(_ gap: Gap, run: String) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("type", EventType.gap.rawValue)
      writer.member("run_id", run)
      writer.member("seq", gap.lastSequence ?? 0)
      writer.array("dropped") { writer in
        for missed in gap.missed {
          writer.object { writer in
            writer.member("hook_id", missed.hook)
            writer.member("from_seq", missed.first)
            writer.member("to_seq", missed.last)
            writer.member("count", missed.count)
          }
        }
      }
    }
  }
}
