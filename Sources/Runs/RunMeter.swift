package import Metrics
internal import Engine

/// What the runs of a server add up to: tokens, times, frames.
package struct RunMeter: Sendable {
  /// Where one run stands between two of its events.
  struct Pace: Sendable {
    /// When it was asked for; nil once its first token has come, or where somebody stopped it before.
    var begun: ContinuousClock.Instant?
    /// When its last token came; nil where the next one does not follow it by itself.
    var last: ContinuousClock.Instant?
  }

  private let promptTokens: Counter
  private let promptSeconds: Counter
  private let generatedTokens: Counter
  private let generatedSeconds: Counter
  private let prefixTokens: Counter
  private let ended: Counter
  private let queued: Histogram
  private let firstToken: Histogram
  private let betweenTokens: Histogram
  private let frames: Counter
  private let frameBytes: Counter
  private let encoding: Histogram

  /// Makes the metrics.
  package init(_ registry: MetricRegistry) {
    promptTokens = registry.counter(
      "neuroscope_prompt_tokens_total", "Tokens of prompts that models have read.")
    promptSeconds = registry.counter(
      "neuroscope_prompt_seconds_total", "Seconds that finished runs spent on their prompts.")
    generatedTokens = registry.counter("neuroscope_generated_tokens_total", "Tokens generated.")
    generatedSeconds = registry.counter(
      "neuroscope_generated_seconds_total", "Seconds that finished runs spent on generated tokens.")
    prefixTokens = registry.counter(
      "neuroscope_prefix_tokens_total",
      "Tokens of prompts whose keys and values were taken over (hit) or computed (miss).",
      labels: ["result"])
    ended = registry.counter(
      "neuroscope_runs_ended_total", "Runs that are over, by how they ended.", labels: ["reason"])
    queued = registry.histogram(
      "neuroscope_queue_seconds", "From a run's admission to its first pass.")
    firstToken = registry.histogram(
      "neuroscope_time_to_first_token_seconds", "From a run's beginning to its first token.")
    betweenTokens = registry.histogram(
      "neuroscope_inter_token_seconds", "Between two tokens of a run that nobody held up.")
    frames = registry.counter(
      "neuroscope_frames_total", "Tensors published, by component.", labels: ["component"])
    frameBytes = registry.counter(
      "neuroscope_frame_bytes_total",
      "Bytes of published tensors: as captured in single precision (raw), and as encoded (wire).",
      labels: ["form"])
    encoding = registry.histogram(
      "neuroscope_encode_seconds", "What reducing and encoding one tensor takes.")
  }

  /// Notes an event of a generation.
  func note(_ event: GenerationEvent, _ pace: inout Pace, at now: ContinuousClock.Instant) {
    switch event {
    case .token:
      generatedTokens.add()
      if let begun = pace.begun { firstToken.note((now - begun) / .seconds(1)) }
      if let last = pace.last { betweenTokens.note((now - last) / .seconds(1)) }
      pace = Pace(begun: nil, last: now)
    case .paused, .resumed, .rewound: pace = Pace(begun: nil, last: nil)
    case .finished(let reason, let summary):
      ended.add(1, reason.rawValue)
      promptTokens.add(Double(summary.promptTokens))
      promptSeconds.add(summary.promptSeconds)
      generatedSeconds.add(summary.decodeSeconds)
      prefixTokens.add(Double(summary.reusedTokens), "hit")
      prefixTokens.add(Double(max(summary.promptTokens - summary.reusedTokens, 0)), "miss")
      queued.note(summary.queueSeconds)
    case .failed: ended.add(1, "error")
    case .promptProgress, .promptScores, .captures, .text, .changed, .interventionApplied,
      .watchFired:
      break
    }
  }

  /// Notes a tensor that was encoded.
  ///
  /// - Parameters:
  ///   - floats: how many numbers were captured, before they were reduced.
  ///   - took: how long it took; nil where that was elsewhere, in a part of a pass.
  func note(frameOf component: String, floats: Int, bytes: Int, took: Duration?) {
    frames.add(1, component)
    frameBytes.add(Double(floats) * 4, "raw")
    frameBytes.add(Double(bytes), "wire")
    if let took { encoding.note(took / .seconds(1)) }
  }
}
