/// The families this engine runs.
///
/// Adding one is a file in `Families/` and a line here.
package enum Families {
  package static let all: [any ModelFamily.Type] = [
    Llama.self,
    Mixtral.self,
    Qwen.self,
    QwenMoE.self,
    GPT2.self,
    Gemma2.self,
    Gemma3.self,
    OLMo2.self,
    Phi3.self,
    StableLM.self,
    Cohere.self,
    GPTOSS.self,
  ]

  /// The family that reads an architecture, or nil where none does.
  package static func family(of architecture: String) -> (any ModelFamily.Type)? {
    all.first { $0.architectures.contains(architecture) }
  }

  /// All architectures that can be run, for refusals.
  package static var architectures: [String] { all.flatMap { $0.architectures } }
}
