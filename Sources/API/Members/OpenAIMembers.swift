internal import JSON

/// OpenAI's request schemas, one list an endpoint: what is implemented, and why the rest is refused.
enum OpenAIMembers {
  /// The lists by the pattern of their endpoint.
  static let endpoints = [
    "/v1/chat/completions": chat,
    "/v1/chat/completions/with_activations": chat,
    "/v1/completions": completions,
    "/v1/embeddings": embeddings,
    "/v1/responses": responses,
  ]

  static let chat: [OpenAIMember] =
    [
      OpenAIMember("messages"), OpenAIMember("max_completion_tokens"),
      OpenAIMember("reasoning_effort"), OpenAIMember("tools"), OpenAIMember("top_logprobs"),
      .refused("audio", "it speaks text only"),
      .refused("function_call", "send tools and tool_choice", unless: ["none", "auto"]),
      .refused("functions", "send tools", unless: [[]]),
      .refused("modalities", "it speaks text only", unless: [["text"]]),
      .refused("moderation", "nothing is judged here"),
      OpenAIMember("parallel_tool_calls"),
      .refused("prediction", "no text is predicted by the client"),
      OpenAIMember("response_format"), OpenAIMember("tool_choice"),
      .refused("verbosity", "ask for it in words", unless: ["medium"]),
      .refused("web_search_options", "it has no way to the web"),
    ] + shared + provider + guided + others

  static let completions: [OpenAIMember] =
    [
      OpenAIMember("echo"), OpenAIMember("prompt"),
      .refused(
        "best_of", "ask for n answers with logprobs and choose among them", unless: [1]),
      .refused("suffix", "models here go on from the left only", unless: [""]),
      OpenAIMember("response_format"),
    ] + shared + guided + others

  static let responses: [OpenAIMember] =
    [
      OpenAIMember("input"), OpenAIMember("instructions"), OpenAIMember("max_output_tokens"),
      OpenAIMember("model"), OpenAIMember("reasoning"), OpenAIMember("stream"),
      OpenAIMember("temperature"), OpenAIMember("tools"), OpenAIMember("top_p"),
      .aside("user", "the name of the caller's own user"),
      .refused("access_programs", "it grants nothing"),
      .refused("background", "an answer is waited for or streamed", unless: [false]),
      .refused("background_options", "an answer is waited for or streamed"),
      .refused("context_management", "a conversation is sent as it is to be read"),
      .refused("conversation", "nothing is kept between requests; send all items"),
      .refused("image", "it makes text only"),
      .refused("include", "there is nothing more to tell", unless: [[]]),
      .refused("max_completion_tokens", "send max_output_tokens"),
      .refused("max_tokens", "send max_output_tokens"),
      .refused("max_tool_calls", "calls are carried out by the client"),
      .refused("moderation", "nothing is judged here"),
      OpenAIMember("parallel_tool_calls"),
      .refused("previous_response_id", "nothing is kept between requests; send all items"),
      .refused("prompt", "no templates of prompts are kept"),
      .refused("reasoning.generate_summary", "thoughts are told as they are"),
      .refused("reasoning.summary", "thoughts are told as they are", unless: ["auto"]),
      .refused(
        "stream_options", "streams carry no padding", unless: [["include_obfuscation": false]]),
      .refused("text.verbosity", "ask for it in words", unless: ["medium"]),
      OpenAIMember("text"), OpenAIMember("tool_choice"),
      .refused("response_format", "send text.format", unless: [["type": "text"]]),
      .refused("top_logprobs", "ask chat completions for them", unless: [0]),
      .refused("truncation", "a conversation is never cut", unless: ["disabled"]),
    ] + provider + others
    + AnswerMembers.guided.map { .refused($0, "send text.format", unless: [false, 0]) }

  static let embeddings: [OpenAIMember] = [
    OpenAIMember("dimensions"), OpenAIMember("encoding_format"), OpenAIMember("input"),
    OpenAIMember("model"), .aside("user", "the name of the caller's own user"),
  ]

  /// What both endpoints have.
  private static let shared: [OpenAIMember] = [
    OpenAIMember("frequency_penalty"), OpenAIMember("logit_bias"), OpenAIMember("logprobs"),
    OpenAIMember("max_tokens"), OpenAIMember("model"), OpenAIMember("n"),
    OpenAIMember("presence_penalty"), OpenAIMember("seed"), OpenAIMember("stop"),
    OpenAIMember("stream"), OpenAIMember("stream_options"), OpenAIMember("temperature"),
    OpenAIMember("top_p"), .aside("user", "the name of the caller's own user"),
    .refused(
      "stream_options.include_obfuscation", "streams carry no padding", unless: [false]),
  ]

  /// What concerns the provider's business with the caller.
  static let provider: [OpenAIMember] = [
    .aside("metadata", "labels of the caller for stored answers, and none is stored"),
    .aside("prompt_cache_key", "a hint for routing; prompts that begin alike are reused anyway"),
    .refused("prompt_cache_options", "what is kept of prompts is the server's choice"),
    .refused(
      "prompt_cache_retention", "what is kept of prompts is the server's choice",
      unless: ["in_memory", "in-memory"]),
    .aside("safety_identifier", "the name of the caller's own user"),
    .refused("service_tier", "there is one tier", unless: ["auto", "default"]),
    .refused(
      "store", "POST /v1/runs with record keeps a run", unless: [false]),
  ]

  /// What llama.cpp and vLLM read of what the answer must be.
  private static let guided = AnswerMembers.guided.map { OpenAIMember($0) }

  /// What other servers of this protocol read, and would change what an answer means.
  static let others: [OpenAIMember] = [
    "allowed_token_ids", "bad_words", "length_penalty", "logits_processors", "min_tokens",
    "mirostat", "prompt_logprobs", "stop_token_ids", "truncate_prompt_tokens", "typical_p",
    "use_beam_search",
  ].map { .refused($0, "it belongs to another server's protocol", unless: [false, 0]) }
}
