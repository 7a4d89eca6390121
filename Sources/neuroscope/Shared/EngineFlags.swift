internal import ArgumentParser
internal import Engine
internal import Foundation
internal import Tensors

/// How the engine computes.
struct EngineFlags: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: "Threads that compute (NEUROSCOPE_THREADS). Default: one per core.")
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "exact or fast (NEUROSCOPE_NUMERICS). Default: exact.",
      discussion: """
        exact computes in float32. fast rounds activations: to bytes in blocks of 32 before Q4, Q5, Q6 and Q8 \
        weights of GGUF files, and before other weights of prompts to bfloat16, where the processor multiplies \
        that. `neuroscope ps` and the facts of a model tell what is done with it.
        """))
  var numerics: Numerics?

  @Option(
    help: ArgumentHelp(
      "scalar, avx2, avx2vnni, avx512, avx512vnni or avx512vbmi (NEUROSCOPE_INSTRUCTION_SET).",
      discussion: "Default: the best of this machine."))
  var instructionSet: InstructionSet?

  @Option(
    help: "How keys and values are kept, f32 or f16 (NEUROSCOPE_CACHE_TYPE). Default: f32.")
  var cacheType: CacheType?

  @Option(
    name: .customLong("context"),
    help: "Positions a session can hold (NEUROSCOPE_CONTEXT). Default: 4096, or the model's own.")
  var contextLength: Int?

  /// The element types a cache can have.
  enum CacheType: String, CaseIterable, ExpressibleByArgument {
    case f32
    case f16

    var elementType: ElementType {
      switch self {
      case .f32: .f32
      case .f16: .f16
      }
    }
  }

  /// The settings for an engine, what stands behind the command line and defaults included.
  func options(_ settings: Settings = Settings()) throws -> EngineOptions {
    let threads = try settings.value(
      threads, .threads, default: ProcessInfo.processInfo.activeProcessorCount)
    guard (1...512).contains(threads) else {
      throw CommandFailure("\(settings.place(of: .threads)) must be 1 to 512, found \(threads)")
    }
    let set = try settings.value(instructionSet, .instructionSet, default: .best)
    guard InstructionSet.available.contains(set) else {
      throw CommandFailure("This processor (or build) has no \(set.rawValue)")
    }
    let context = try settings.value(contextLength, .context, default: 4096)
    guard (1...(1 << 24)).contains(context) else {
      throw CommandFailure(
        "\(settings.place(of: .context)) must be 1 to \(1 << 24), found \(context)")
    }
    var options = EngineOptions(
      threads: threads, instructionSet: set,
      numerics: try settings.value(numerics, .numerics, default: .exact),
      cacheType: try settings.value(cacheType, .cacheType, default: .f32).elementType,
      contextLength: context)
    options.digestFolder = ModelLocator.digestFolder()
    return options
  }
}

extension Numerics: ExpressibleByArgument {}
extension InstructionSet: ExpressibleByArgument {}
