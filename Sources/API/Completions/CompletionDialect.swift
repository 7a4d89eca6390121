internal import JSON
internal import Tokenizers
internal import Runs

/// How completions are written: OpenAI's shapes for chat and for text, with activations beside them where wanted.
struct CompletionDialect: Sendable {
  /// One finished answer.
  struct Choice: Sendable {
    var content = ""
    var reasoning = ""
    var toolCalls: [ToolCall] = []
    var finishReason = "stop"
    var logprobs: [TokenLogprob] = []
    var tensors: [CompletionStep.Tensor] = []
    var promptTokens = 0
    var completionTokens = 0
    var cachedTokens = 0
  }

  /// One token as OpenAI's logprobs list it.
  struct TokenLogprob: Sendable {
    var token: Token
    var logprob: Double
    var top: [(id: Token, logprob: Double)]
    /// Where its text begins in the answer, in characters.
    var offset: Int
  }

  /// What a chunk of a stream adds.
  struct Chunk: Sendable {
    var index = 0
    var delta = ChatDelta()
    var beginsMessage = false
    var logprob: TokenLogprob?
    var finishReason: String?
    var tensors: [CompletionStep.Tensor] = []
  }

  let isChat: Bool
  let id: String
  let created: Int
  let model: String
  let tokenizer: Tokenizer
  let wantsLogprobs: Bool
  let includesUsage: Bool
  /// Nil where the endpoint carries no activations.
  let encoding: TensorEncoding?
  /// The hooks' ids in the order of the request.
  let hookIDs: [String]

  // MARK: Whole answers

  func answer(_ choices: [Choice]) -> [UInt8] {
    JSONWriter.object { writer in
      head(isChat ? "chat.completion" : "text_completion", &writer)
      writer.array("choices") { writer in
        for (index, choice) in choices.enumerated() { write(choice, index: index, &writer) }
      }
      usage(choices, &writer)
      if let encoding, let choice = choices.first {
        writer.name("activations")
        writer.activations(choice.tensors, ids: hookIDs, encoding: encoding)
      }
    }
  }

  private func write(_ choice: Choice, index: Int, _ writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("index", index)
      if isChat {
        writer.object("message") { writer in
          writer.member("role", "assistant")
          writer.member("content", choice.toolCalls.isEmpty ? choice.content : nilIfEmpty(choice))
          writer.member(
            ifPresent: "reasoning_content", choice.reasoning.isEmpty ? nil : choice.reasoning)
          if !choice.toolCalls.isEmpty { write(choice.toolCalls, &writer) }
        }
      } else {
        writer.member("text", choice.content)
      }
      writer.name("logprobs")
      logprobs(choice.logprobs, &writer)
      writer.member("finish_reason", choice.finishReason)
    }
  }

  private func nilIfEmpty(_ choice: Choice) -> String? {
    choice.content.isEmpty ? nil : choice.content
  }

  private func write(_ calls: [ToolCall], _ writer: inout JSONWriter) {
    writer.array("tool_calls") { writer in
      for call in calls {
        writer.object { writer in
          writer.member("id", call.id)
          writer.member("type", "function")
          writer.object("function") { writer in
            writer.member("name", call.name)
            writer.member("arguments", call.arguments)
          }
        }
      }
    }
  }

  private func usage(_ choices: [Choice], _ writer: inout JSONWriter) {
    let prompt = choices.first?.promptTokens ?? 0
    let completion = choices.reduce(0) { $0 + $1.completionTokens }
    writer.object("usage") { writer in
      writer.member("prompt_tokens", prompt)
      writer.member("completion_tokens", completion)
      writer.member("total_tokens", prompt + completion)
      writer.object("prompt_tokens_details") {
        $0.member("cached_tokens", choices.first?.cachedTokens ?? 0)
      }
    }
  }

  // MARK: Chunks

  func chunk(_ chunk: Chunk) -> [UInt8] {
    JSONWriter.object { writer in
      head(isChat ? "chat.completion.chunk" : "text_completion", &writer)
      writer.array("choices") { writer in
        writer.object { writer in
          writer.member("index", chunk.index)
          if isChat {
            write(chunk.delta, of: chunk, &writer)
          } else {
            writer.member("text", chunk.delta.content)
          }
          writer.name("logprobs")
          logprobs(chunk.logprob.map { [$0] } ?? [], &writer)
          writer.member("finish_reason", chunk.finishReason)
        }
      }
      if includesUsage {
        writer.name("usage")
        writer.null()
      }
      guard let encoding else { return }
      writer.name("activations")
      if chunk.tensors.isEmpty {
        writer.null()
      } else {
        writer.activations(chunk.tensors, ids: [], encoding: encoding)
      }
    }
  }

  private func write(_ delta: ChatDelta, of chunk: Chunk, _ writer: inout JSONWriter) {
    writer.object("delta") { writer in
      if chunk.beginsMessage { writer.member("role", "assistant") }
      if !delta.content.isEmpty || chunk.beginsMessage { writer.member("content", delta.content) }
      if !delta.reasoning.isEmpty { writer.member("reasoning_content", delta.reasoning) }
      guard !delta.toolCalls.isEmpty else { return }
      writer.array("tool_calls") { writer in
        for call in delta.toolCalls {
          writer.object { writer in
            writer.member("index", call.index)
            if call.name != nil {
              writer.member("id", "call_\(id)_\(call.index)")
              writer.member("type", "function")
            }
            writer.object("function") { writer in
              writer.member(ifPresent: "name", call.name)
              writer.member("arguments", call.arguments)
            }
          }
        }
      }
    }
  }

  /// The chunk of token counts that ends a stream which asked for it.
  func usageChunk(_ choices: [Choice]) -> [UInt8] {
    JSONWriter.object { writer in
      head(isChat ? "chat.completion.chunk" : "text_completion", &writer)
      writer.array("choices") { _ in }
      usage(choices, &writer)
      if encoding != nil {
        writer.name("activations")
        writer.null()
      }
    }
  }

  // MARK: Parts

  private func head(_ object: String, _ writer: inout JSONWriter) {
    writer.member("id", id)
    writer.member("object", object)
    writer.member("created", created)
    writer.member("model", model)
  }

  private func logprobs(_ list: [TokenLogprob], _ writer: inout JSONWriter) {
    guard wantsLogprobs else {
      writer.null()
      return
    }
    writer.object { writer in
      if isChat {
        writer.array("content") { writer in
          for entry in list { write(entry, &writer) }
        }
        writer.name("refusal")
        writer.null()
      } else {
        writer.member("tokens", list.map { tokenizer.piece($0.token) })
        writer.member("token_logprobs", list.map(\.logprob))
        writer.array("top_logprobs") { writer in
          for entry in list {
            writer.object { writer in
              for one in entry.top { writer.member(tokenizer.piece(one.id), one.logprob) }
            }
          }
        }
        writer.member("text_offset", list.map(\.offset))
      }
    }
  }

  private func write(_ entry: TokenLogprob, _ writer: inout JSONWriter) {
    writer.object { writer in
      describe(entry.token, entry.logprob, &writer)
      writer.array("top_logprobs") { writer in
        for one in entry.top {
          writer.object { writer in describe(one.id, one.logprob, &writer) }
        }
      }
    }
  }

  private func describe(_ token: Token, _ logprob: Double, _ writer: inout JSONWriter) {
    writer.member("token", tokenizer.piece(token))
    writer.member("logprob", logprob)
    writer.member("bytes", tokenizer.bytes(of: token).map { Int($0) })
  }
}
