internal import Engine
internal import JSON
internal import Runs
internal import Tokenizers

/// How `/v1/responses` writes an answer: a response object with a list of items, in OpenAI's shapes.
struct ResponseDialect: Sendable {
  let id: String
  let created: Int
  let model: String
  /// The request, of which some is told again.
  let request: Fields
  let sampling: SamplingRequest

  // MARK: The response

  /// - Parameters:
  ///   - choice: nil while nothing has been generated.
  ///   - failure: the error, where the run failed.
  func response(_ choice: CompletionDialect.Choice?, failure: JSONValue? = nil) -> JSONValue {
    let isCut = choice?.finishReason == "length"
    let status =
      failure != nil ? "failed" : choice == nil ? "in_progress" : isCut ? "incomplete" : "completed"
    return [
      "id": .string(id), "object": "response", "created_at": .integer(Int64(created)),
      "status": .string(status), "model": .string(model), "error": failure ?? .null,
      "incomplete_details": isCut ? ["reason": "max_output_tokens"] : .null,
      "output": .array(choice.map(items) ?? []),
      "instructions": request["instructions"] ?? .null,
      "max_output_tokens": request["max_output_tokens"] ?? .null,
      "metadata": request["metadata"] ?? JSONValue(members: []),
      "parallel_tool_calls": request["parallel_tool_calls"] ?? true, "previous_response_id": .null,
      "reasoning": request["reasoning"] ?? ["effort": .null, "summary": .null],
      "store": false, "temperature": .float(sampling.options.temperature),
      "text": request["text"]?[present: "format"] == nil
        ? ["format": ["type": "text"]] : request["text"] ?? .null,
      "tool_choice": request["tool_choice"] ?? "auto",
      "tools": request["tools"] ?? [], "top_p": .float(sampling.options.topP),
      "truncation": "disabled", "usage": choice.map(usage) ?? .null,
    ]
  }

  private func usage(_ choice: CompletionDialect.Choice) -> JSONValue {
    [
      "input_tokens": .integer(Int64(choice.promptTokens)),
      "input_tokens_details": ["cached_tokens": .integer(Int64(choice.cachedTokens))],
      "output_tokens": .integer(Int64(choice.completionTokens)),
      "output_tokens_details": ["reasoning_tokens": .integer(Int64(choice.reasoningTokens))],
      "total_tokens": .integer(Int64(choice.promptTokens + choice.completionTokens)),
    ]
  }

  // MARK: Items

  /// What the answer consists of, in the order of its making: the thought, what is said, the calls.
  private func items(_ choice: CompletionDialect.Choice) -> [JSONValue] {
    var items: [JSONValue] = []
    if !choice.reasoning.isEmpty { items.append(thought(choice.reasoning, isDone: true)) }
    if !choice.content.isEmpty || choice.toolCalls.isEmpty {
      items.append(message(choice.content, isDone: true))
    }
    for call in choice.toolCalls { items.append(self.call(call, isDone: true)) }
    return items
  }

  func thought(_ text: String, isDone: Bool) -> JSONValue {
    [
      "id": .string("rs_" + id), "type": "reasoning", "summary": [],
      "content": isDone ? [["type": "reasoning_text", "text": .string(text)]] : [],
      "status": isDone ? "completed" : "in_progress",
    ]
  }

  func part(_ text: String) -> JSONValue {
    ["type": "output_text", "text": .string(text), "annotations": [], "logprobs": []]
  }

  func message(_ text: String, isDone: Bool) -> JSONValue {
    [
      "id": .string("msg_" + id), "type": "message", "role": "assistant",
      "status": isDone ? "completed" : "in_progress", "content": isDone ? [part(text)] : [],
    ]
  }

  func call(_ call: ToolCall, isDone: Bool) -> JSONValue {
    [
      "id": .string("fc_" + call.id), "type": "function_call", "call_id": .string(call.id),
      "name": .string(call.name), "arguments": .string(isDone ? call.arguments : ""),
      "status": isDone ? "completed" : "in_progress",
    ]
  }
}
