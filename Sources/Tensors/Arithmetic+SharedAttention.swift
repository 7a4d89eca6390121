internal import CKernels

/// One part of a stage of attention: a block of one kv head's keys.
struct AttentionPart {
  let job: Int
  let kvHead: Int64
  let block: Int64
  /// Where the kv head's stages meet, in ``Arithmetic/sharedLines``.
  let shared: Int
}

extension AttentionJob {
  /// Keys from which on threads share the heads' keys out, instead of taking whole heads.
  private static let sharedKeys = 512

  /// Whether threads share out its keys: few rows that see many, as in decoding over a long context.
  ///
  /// A model has few kv heads, and their number is seldom a multiple of the threads'; blocks of keys are many.
  var isShared: Bool {
    let seen = Int(descriptor.first_position + descriptor.rows)
    return (1...4).contains(descriptor.rows) && descriptor.scores == nil
      && descriptor.pattern == nil
      && (descriptor.window > 0 ? min(seen, Int(descriptor.window)) : seen) >= Self.sharedKeys
  }
}

extension Arithmetic {
  /// Attention of those jobs whose keys are shared out, stage by stage, with the bits of any other way.
  func shareOut(_ jobs: [AttentionJob]) {
    attentionJobs.removeAll(keepingCapacity: true)
    attentionParts.removeAll(keepingCapacity: true)
    var (scratch, shared) = (0, 0)
    for job in jobs where job.isShared {
      withUnsafePointer(to: job.descriptor) { descriptor in
        scratch = max(scratch, Int(ns_attention_scratch(descriptor, descriptor.pointee.rows)))
        let blocks = ns_attention_blocks(descriptor)
        for kvHead in 0..<descriptor.pointee.pages.kv_heads {
          for block in 0..<blocks {
            attentionParts.append(
              AttentionPart(job: attentionJobs.count, kvHead: kvHead, block: block, shared: shared))
          }
          shared += Int(ns_attention_shared(descriptor))
        }
      }
      attentionJobs.append(job.descriptor)
    }
    guard !attentionParts.isEmpty else { return }
    reserveScratch(scratch)
    if sharedLines.count < shared { sharedLines = FloatSlab(count: shared + shared / 2) }

    attentionJobs.withUnsafeBufferPointer { jobs in
      guard let jobs = jobs.baseAddress else { return }
      let stage = {
        [kernels, slabs, sharedLines] (stage: ns_stage, part: AttentionPart, thread: Int) in
        kernels.pointee.attend_part(
          jobs + part.job, Int32(stage.rawValue), part.kvHead, part.block,
          sharedLines.base + part.shared, slabs[thread].base)
      }
      let parts = attentionParts
      // What joins the blocks is too little to wake the team for.
      for (shares, joint) in [(NS_SCORES, NS_SOFTMAX), (NS_MIX, NS_GATHER)] {
        team.run(parts: parts.count) { stage(shares, parts[$0], $1) }
        for part in parts where part.block == 0 { stage(joint, part, 0) }
      }
    }
  }
}
