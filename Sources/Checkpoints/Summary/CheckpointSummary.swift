/// What `inspect` tells about a checkpoint: facts, counted without reading any weights.
package struct CheckpointSummary: Sendable, Equatable {
  /// Numbers that are stored alike.
  package struct Coding: Sendable, Equatable {
    /// "Q4_1", "BF16", "4-bit g32", "MXFP4".
    package var name: String
    package var tensors: Int
    /// Numbers of the model; scales, biases of quantisation and masks count none.
    package var parameters: Int
    /// Bytes in the files, scales and quantisation biases included.
    package var bytes: Int

    /// Bits of storage for one number of the model.
    package var bitsPerParameter: Double {
      parameters == 0 ? 0 : Double(bytes) * 8 / Double(parameters)
    }
  }

  package enum TokenizerKind: Sendable, Equatable {
    case none
    /// A `tokenizer.json` of Hugging Face.
    case huggingFace
    /// `gpt2` is byte-level BPE, `llama` SentencePiece.
    case gguf(model: String, pre: String?, tokens: Int)
  }

  package let format: Checkpoint.Format
  package let path: String
  package let fileBytes: Int
  package let tensorCount: Int
  package let parameterCount: Int
  package let quantization: String?
  package let contentHash: String
  package let configuration: ModelConfiguration
  /// Largest first.
  package let codings: [Coding]
  package let tokenizer: TokenizerKind
  package let hasChatTemplate: Bool
  package let memory: MemoryEstimate
  /// Tensors that no pass over text reads.
  package let tensorsAside: [TensorGroup]
  package let notes: [CheckpointNote]
  /// The adapter that was opened with it.
  package let adapter: Adapter.Facts?
}

/// What a model will take, in bytes, the buffers of a forward pass not counted.
package struct MemoryEstimate: Sendable, Equatable {
  /// The mapped files; the page cache shares them between processes and gives them back under pressure.
  package let mapped: Int
  /// Weights that must be repacked into memory of our own.
  package let repacked: Int
  /// Keys and values of one position in all layers, as numbers.
  package let cacheNumbersPerPosition: Int

  /// Keys and values of a whole context; nil where that overflows.
  ///
  /// - Parameters:
  ///   - positions: the context's length.
  ///   - bytesPerNumber: 4 for float32, 2 for float16.
  package func cache(positions: Int, bytesPerNumber: Int) -> Int? {
    let (numbers, overflow) = cacheNumbersPerPosition.multipliedReportingOverflow(by: positions)
    let (bytes, overflow2) = numbers.multipliedReportingOverflow(by: bytesPerNumber)
    return overflow || overflow2 ? nil : bytes
  }
}
