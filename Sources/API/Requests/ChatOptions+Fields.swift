internal import Tokenizers

extension ChatOptions {
  /// Reads what besides the messages decides a prompt.
  ///
  /// - Parameter time: seconds since 1970, for templates that print the date.
  init(_ fields: Fields, time: Int64) throws(Refusal) {
    self.init(
      addGenerationPrompt: try fields.bool("add_generation_prompt") ?? true,
      tools: try fields.objects("tools")?.map(\.value) ?? [],
      reasoningEffort: try fields.choice("reasoning_effort", ["low", "medium", "high"]),
      time: time, parseSpecial: try fields.bool("parse_special") ?? false)
  }
}
