internal import CKernels

/// One call of the attention kernel: some rows of a job, for the heads that share one kv head.
struct AttentionTile {
  let job: Int
  let kvHead: Int64
  let rows: Range<Int64>
}

extension Arithmetic {
  /// Writes a segment's keys and values into its pages; row `i` belongs to position `position + i`.
  ///
  /// - Axes: `keys`, `values` `[rows, kvHeads * headDim]`, keys already rotated.
  package func store(
    keys: FloatRows, values: FloatRows, in pages: CachePages, at position: Int
  ) {
    let width = pages.kvHeads * pages.headDim
    precondition(keys.width == width && values.width == width && keys.rows == values.rows)
    var descriptor = pages.descriptor
    withUnsafePointer(to: &descriptor) { pages in
      split(rows: keys.rows, width: width) { range in
        let (begin, end) = (Int64(range.lowerBound), Int64(range.upperBound))
        kernels.pointee.store(
          pages, pages.pointee.keys, keys.base, Int64(keys.stride), begin, end, Int64(position))
        kernels.pointee.store(
          pages, pages.pointee.values, values.base, Int64(values.stride), begin, end,
          Int64(position))
      }
    }
  }

  /// Scores, soft maximum and mix of all jobs, in one go.
  ///
  /// Jobs with `scores` or `pattern` get them written on the way; the arithmetic does not change.
  package func attend(_ jobs: [AttentionJob]) {
    perform(NS_SCORES.rawValue | NS_SOFTMAX.rawValue | NS_MIX.rawValue, jobs)
    shareOut(jobs)
  }

  /// The first stage alone: fills `scores`, for callers that look at or change them.
  package func attentionScores(_ job: AttentionJob) {
    precondition(job.descriptor.scores != nil)
    perform(NS_SCORES.rawValue, [job])
  }

  /// The second stage: `pattern` from `scores`.
  package func attentionSoftmax(_ job: AttentionJob) {
    precondition(job.descriptor.scores != nil && job.descriptor.pattern != nil)
    perform(NS_SOFTMAX.rawValue, [job])
  }

  /// The third stage: `mixed` from `pattern`.
  package func attentionMix(_ job: AttentionJob) {
    precondition(job.descriptor.pattern != nil)
    perform(NS_MIX.rawValue, [job])
  }

  private func perform(_ stages: UInt32, _ jobs: [AttentionJob]) {
    attentionJobs.removeAll(keepingCapacity: true)
    attentionTiles.removeAll(keepingCapacity: true)
    var scratch = 0
    var work = 0
    for job in jobs where job.descriptor.rows > 0 && !job.isShared {
      withUnsafePointer(to: job.descriptor) { descriptor in
        let rows = Self.rowsPerTile(descriptor)
        scratch = max(scratch, Int(ns_attention_scratch(descriptor, rows)))
        let job = descriptor.pointee
        work += Int(job.rows * job.heads * (job.first_position + job.rows) * job.pages.head_dim)
        // The last rows see the most keys: begin with them, so that the parts end together.
        for begin in stride(from: (job.rows - 1) / rows * rows, through: 0, by: Int(-rows)) {
          for head in 0..<job.pages.kv_heads {
            attentionTiles.append(
              AttentionTile(
                job: attentionJobs.count, kvHead: head, rows: begin..<min(begin + rows, job.rows)))
          }
        }
        attentionJobs.append(job)
      }
    }
    reserveScratch(scratch)
    attentionJobs.withUnsafeBufferPointer { jobs in
      let body = { [kernels, slabs, attentionTiles] (part: Int, thread: Int) in
        let tile = attentionTiles[part]
        guard let job = jobs.baseAddress else { return }
        kernels.pointee.attend(
          job + tile.job, Int32(stages), tile.kvHead, tile.rows.lowerBound, tile.rows.upperBound,
          slabs[thread].base)
      }
      if work < 1 << 15 {
        for part in attentionTiles.indices { body(part, 0) }
      } else {
        team.run(parts: attentionTiles.count, body)
      }
    }
  }

  /// Rows of a tile: enough to share each key's read, few enough for their scores to stay in cache.
  private static func rowsPerTile(_ job: UnsafePointer<ns_attention>) -> Int64 {
    let job = job.pointee
    let keys = job.first_position + job.rows
    let group = job.heads / job.pages.kv_heads
    return max(1, min(16, job.rows, 65_536 / max(1, group * keys)))
  }
}
