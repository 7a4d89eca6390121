internal import ArgumentParser
internal import Engine
internal import Foundation
internal import Hooks
internal import Tokenizers

/// `neuroscope run`: one generation in the terminal, with the layers beside each token.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Generate text and watch the layers work.",
    discussion: """
      Each token's line shows one cell per layer: how long the residual stream's vector is behind that layer, \
      from dark (short) to bright (long), on a logarithmic scale.

      Examples:
        neuroscope run "What is the capital of France?"
        neuroscope run --hooks residual@5,attention@10 "What is three plus four?"
        neuroscope run --hooks residual@all --json "Hello" | jq .
        neuroscope run --model model.gguf --raw "Once upon a time" --temperature 0
      """)

  @Argument(help: "What to say to the model; - reads it from the standard input.")
  var prompt: String

  @OptionGroup var model: ModelFlag
  @OptionGroup var engine: EngineFlags

  @OptionGroup var sampling: SamplingFlags
  @Option(help: "A system message before the prompt.")
  var system: String?
  @Flag(help: "Give the prompt to the model as it is, without its chat format.")
  var raw = false
  @Option(
    help: ArgumentHelp(
      "Tensors to measure at every token.",
      discussion: """
        A list such as residual@5,attention@10,mlp@all,blocks.3.hook_mlp_out; a trailing :in takes what enters \
        the component instead of what leaves it.
        """,
      valueName: "list"))
  var hooks: String?
  @Flag(help: "Print one JSON object per line instead of the picture.")
  var json = false
  @Flag(name: .customLong("text"), help: "Print only the text, as it comes.")
  var textOnly = false

  func validate() throws {
    guard !(json && textOnly) else {
      throw ValidationError("--json and --text can't go together")
    }
  }

  func run() async throws {
    let console = Console()
    let engine = Engine(options: try engine.options())
    // Before minutes go into a model that has no such hook.
    if let catalogue = try model.catalogue() { _ = try RunHooks(hooks ?? "", catalogue: catalogue) }
    let loaded = try await ModelLoading(console: console).load(
      model, into: engine, contextLength: nil)
    let watched = try RunHooks(hooks ?? "", catalogue: loaded.catalogue)
    let (events, sink) = RunSink.make()
    let request = try request(loaded, watched)
    do { _ = try await engine.start(request, sink: sink) } catch { throw CommandFailure(error) }
    var view = view(console, loaded, watched, promptTokens: request.tokens.count)
    try view.begin()
    for await event in events { try view.show(event) }
  }

  private func view(
    _ console: Console, _ loaded: LoadedModel, _ watched: RunHooks, promptTokens: Int
  ) -> any RunView {
    if json {
      return RunJSONView(
        console: console, hooks: watched, model: loaded.info, promptTokens: promptTokens)
    }
    if textOnly { return RunTextView(console: console) }
    return RunHeatView(console: console, hooks: watched, layers: loaded.info.layers)
  }

  private func request(_ loaded: LoadedModel, _ watched: RunHooks) throws -> GenerationRequest {
    let tokens = try tokens(loaded)
    let chat = try? loaded.chat.get()
    return GenerationRequest(
      model: loaded, tokens: tokens, maxTokens: sampling.tokens(behind: tokens.count, of: loaded),
      sampling: sampling.options,
      stopTokens: chat?.stopTokens ?? loaded.tokenizer.specialTokens.eos,
      captures: textOnly ? [] : watched.specs)
  }

  private func tokens(_ loaded: LoadedModel) throws -> [Token] {
    let text = prompt == "-" ? Self.standardInput() : prompt
    if raw { return try loaded.tokenizer.encode(prompt: text) }
    let messages =
      (system.map { [ChatMessage(role: "system", content: $0)] } ?? [])
      + [ChatMessage(role: "user", content: text)]
    do {
      let time = Int64(Date().timeIntervalSince1970)
      return try loaded.chat.get().render(messages, options: ChatOptions(time: time)).tokens
    } catch {
      throw CommandFailure("\(loaded.info.id) can't take chat messages (\(error)); try --raw")
    }
  }

  private static func standardInput() -> String {
    String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
  }
}
