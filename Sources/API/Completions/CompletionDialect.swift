internal import Frames
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
    var tensors: [CapturedTensor] = []
    var promptTokens = 0
    var completionTokens = 0
    var cachedTokens = 0
    /// Tokens that said something of the thought.
    var reasoningTokens = 0
    /// The prompt, where it is repeated.
    var echo: Echo?
  }

  /// A prompt before its continuation.
  struct Echo: Sendable {
    let text: String
    /// Of each of its tokens; empty where none are wanted.
    let logprobs: [TokenLogprob]
  }

  /// One token as OpenAI's logprobs list it.
  struct TokenLogprob: Sendable {
    var token: Token
    /// Nil for a prompt's first token, which has nothing before it.
    var logprob: Double?
    var top: [(id: Token, logprob: Double)]
    /// Where its text begins in the answer, in code points.
    var offset: Int
  }

  /// What a chunk of a stream adds.
  struct Chunk: Sendable {
    var index = 0
    var delta = ChatDelta()
    var beginsMessage = false
    var logprobs: [TokenLogprob] = []
    var finishReason: String?
    var tensors: [CapturedTensor] = []
  }

  let isChat: Bool
  let id: String
  let created: Int
  let model: String
  let tokenizer: Tokenizer
  let wantsLogprobs: Bool
  let includesUsage: Bool
  /// Answers to each prompt.
  let count: Int
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
        writer.member("text", (choice.echo?.text ?? "") + choice.content)
      }
      writer.name("logprobs")
      logprobs((choice.echo?.logprobs ?? []) + choice.logprobs, &writer)
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
    // Each prompt counts once, however many answers there are to it.
    let prompts = choices.enumerated().filter { $0.offset % max(count, 1) == 0 }.map(\.element)
    let prompt = prompts.reduce(0) { $0 + $1.promptTokens }
    let completion = choices.reduce(0) { $0 + $1.completionTokens }
    writer.object("usage") { writer in
      writer.member("prompt_tokens", prompt)
      writer.member("completion_tokens", completion)
      writer.member("total_tokens", prompt + completion)
      writer.object("prompt_tokens_details") {
        $0.member("cached_tokens", prompts.reduce(0) { $0 + $1.cachedTokens })
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
          logprobs(chunk.logprobs, &writer)
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
        writer.member("tokens", list.map { tokenizer.name(of: $0.token) })
        writer.array("token_logprobs") { writer in
          for entry in list { entry.logprob.map { writer.number($0) } ?? writer.null() }
        }
        writer.array("top_logprobs") { writer in
          for entry in list { alternatives(of: entry, &writer) }
        }
        writer.member("text_offset", list.map(\.offset))
      }
    }
  }

  /// The likeliest tokens, the chosen one always among them.
  private func alternatives(of entry: TokenLogprob, _ writer: inout JSONWriter) {
    guard let logprob = entry.logprob else { return writer.null() }
    let others = entry.top.filter { $0.id != entry.token }
    let all = [(id: entry.token, logprob: logprob)] + others
    writer.object { writer in
      for (name, one) in zip(tokenizer.names(of: all.map(\.id)), all) {
        writer.member(name, one.logprob)
      }
    }
  }

  private func write(_ entry: TokenLogprob, _ writer: inout JSONWriter) {
    writer.object { writer in
      describe(entry.token, entry.logprob ?? 0, &writer)
      writer.array("top_logprobs") { writer in
        for one in entry.top {
          writer.object { writer in describe(one.id, one.logprob, &writer) }
        }
      }
    }
  }

  private func describe(_ token: Token, _ logprob: Double, _ writer: inout JSONWriter) {
    writer.member("token", tokenizer.name(of: token))
    writer.member("logprob", logprob)
    writer.member("bytes", tokenizer.bytes(of: token).map { Int($0) })
  }
}

extension CompletionDialect.Choice {
  /// Bytes that are gone through to write it.
  var weight: Int { tensors.weight + content.utf8.count }
}

extension CompletionDialect.Chunk {
  /// Bytes that are gone through to write it.
  var weight: Int { tensors.weight }
}

extension [CapturedTensor] {
  /// Bytes of all frames.
  fileprivate var weight: Int { reduce(0) { $0 + $1.frame.count } }
}
