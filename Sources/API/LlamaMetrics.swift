internal import Metrics

/// The names that boards and tools of llama.cpp's users look for, with the same meanings.
enum LlamaMetrics {
  static func aliases(of families: [MetricFamily]) -> [MetricFamily] {
    func sum(_ name: String) -> Double {
      families.first { $0.name == name }?.samples.reduce(0) { $0 + $1.value } ?? 0
    }
    func rate(_ tokens: Double, _ seconds: Double) -> Double { seconds > 0 ? tokens / seconds : 0 }
    let prompt = sum("neuroscope_prompt_tokens_total")
    let promptSeconds = sum("neuroscope_prompt_seconds_total")
    let generated = sum("neuroscope_generated_tokens_total")
    let generatedSeconds = sum("neuroscope_generated_seconds_total")
    let waiting = sum("neuroscope_queue_depth")
    let decodes =
      families.first { $0.name == "neuroscope_pass_seconds" }?.samples
      .filter { sample in
        sample.suffix == "_count" && !sample.labels.contains(.init("kind", "prompt"))
      }.reduce(0) { $0 + $1.value } ?? 0
    let running = families.first { $0.name == "neuroscope_runs" }?.samples
      .first { $0.labels.contains(.init("state", "running")) }?.value
    return [
      MetricFamily(.counter, "llamacpp:prompt_tokens_total", "Tokens of prompts.", prompt),
      MetricFamily(
        .counter, "llamacpp:prompt_seconds_total", "Seconds spent on prompts.", promptSeconds),
      MetricFamily(
        .counter, "llamacpp:tokens_predicted_total", "Tokens generated.", generated),
      MetricFamily(
        .counter, "llamacpp:tokens_predicted_seconds_total", "Seconds spent on generated tokens.",
        generatedSeconds),
      MetricFamily(
        .counter, "llamacpp:n_decode_total", "Passes that computed next tokens.", decodes),
      MetricFamily(
        .gauge, "llamacpp:n_busy_slots_per_decode", "Generations of such a pass, on average.",
        decodes > 0 ? sum("neuroscope_decode_rows_total") / decodes : 0),
      MetricFamily(
        .gauge, "llamacpp:prompt_tokens_seconds", "Tokens of prompts a second.",
        rate(prompt, promptSeconds)),
      MetricFamily(
        .gauge, "llamacpp:predicted_tokens_seconds", "Generated tokens a second.",
        rate(generated, generatedSeconds)),
      MetricFamily(
        .gauge, "llamacpp:requests_processing", "Runs under way.", running ?? 0),
      MetricFamily(.gauge, "llamacpp:requests_deferred", "Runs that wait.", waiting),
    ]
  }
}
