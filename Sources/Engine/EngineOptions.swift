internal import Loops
package import Tensors

/// How an engine computes and how much it takes on.
package struct EngineOptions: Sendable {
  /// Threads of the worker team, the engine's own included.
  package var threads: Int
  package var instructionSet: InstructionSet
  package var numerics: Numerics
  /// How keys and values are kept: `F32`, or `F16` for half the memory.
  package var cacheType: ElementType
  /// Prompt tokens of one pass at most.
  package var promptChunk: Int
  /// Prompt tokens of the first pass, before its time is known; later ones follow ``tokenGap`` or ``promptGap``.
  package var sharedPromptChunk: Int
  /// Seconds that a pass with parts of prompts should take at most while others wait for their next token.
  package var tokenGap = 0.1
  /// Seconds that it should take while all wait for their first token: what one that comes now waits for at most.
  package var promptGap = 1.0
  /// Generations that decode side by side; further ones wait.
  package var maxActive: Int
  /// Generations that may wait; one more is refused, and a client may have three fourths of them.
  package var maxWaiting: Int
  /// Bytes that the captures of all runs may take between their pass and their last reader.
  package var captureMemory = 1 << 30
  /// Positions a session holds unless a load asks for fewer or more.
  package var contextLength: Int
  /// Finished prompts whose cache is kept for requests that begin alike.
  package var keptPrefixes: Int
  /// Where digests of files are kept over the process's end; nil for nowhere.
  package var digestFolder: String?
  /// Who is told of forward passes.
  package var observer: (any PassObserver)?

  /// Generations that may wait for one client.
  package var maxWaitingOfOne: Int { max(maxWaiting * 3 / 4, 1) }

  /// Bytes that the captures of one client's passes may take, and so those of one pass.
  package var captureMemoryOfOne: Int { ClientBytes(limit: captureMemory).limitOfOne }

  /// A smaller chunk would read all weights for next to nothing.
  static let minimumChunk = 16

  package init(
    threads: Int, instructionSet: InstructionSet = .best, numerics: Numerics = .exact,
    cacheType: ElementType = .f32, promptChunk: Int = 512, sharedPromptChunk: Int = 64,
    maxActive: Int = 16, maxWaiting: Int = 256, contextLength: Int = 4096, keptPrefixes: Int = 4
  ) {
    self.threads = max(threads, 1)
    self.instructionSet = instructionSet
    self.numerics = numerics
    self.cacheType = cacheType
    self.promptChunk = max(promptChunk, Self.minimumChunk)
    self.sharedPromptChunk = max(sharedPromptChunk, Self.minimumChunk)
    self.maxActive = max(maxActive, 1)
    self.maxWaiting = max(maxWaiting, 1)
    self.contextLength = max(contextLength, 1)
    self.keptPrefixes = max(keptPrefixes, 0)
  }
}
