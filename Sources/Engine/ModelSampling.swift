internal import Checkpoints

/// How a model's makers would have its tokens drawn, for requests that ask for it.
package struct ModelSampling: Sendable, Equatable {
  /// 0 takes the best token; nil here and below where the files do not say.
  package var temperature: Float?
  /// 0 keeps all.
  package var topK: Int?
  package var topP: Float?
  package var minP: Float?
  package var repetitionPenalty: Float?
  /// What the files ask for besides and this program does not do.
  package var notApplied: [String]

  init(_ defaults: SamplingDefaults) {
    temperature = defaults.temperature.map { Float($0) }
    topK = defaults.topK
    topP = defaults.topP.map { Float($0) }
    minP = defaults.minP.map { Float($0) }
    repetitionPenalty = defaults.repetitionPenalty.map { Float($0) }
    notApplied = defaults.notApplied
  }

  /// Replaces what the files say something about.
  package func apply(to options: inout SamplingOptions) {
    options.temperature = temperature ?? options.temperature
    options.topK = topK ?? options.topK
    options.topP = topP ?? options.topP
    options.minP = minP ?? options.minP
    options.repetitionPenalty = repetitionPenalty ?? options.repetitionPenalty
  }
}
