internal import CKernels

/// One call of a product kernel: some rows of a job's weights, for some rows of its activations.
struct ProductUnit {
  let job: Int
  let rows: Range<Int>
  let activations: Range<Int>
  let policy: Arithmetic.RowPolicy
}

extension Arithmetic {
  /// Bytes of weights below which a unit is not worth sharing out.
  private static let unitBytes = 1 << 14

  /// Collects the product `y[m][r] = Σ w[r][c] x[m][c] (+ bias[r])`; jobs of one run may run side by side.
  ///
  /// - Ownership: `x`, `into` and `bias` (`[w.rows]`) must live until ``run()`` returns; no job of a run may
  ///   read what another writes.
  package func add(
    _ w: WeightMatrix, _ x: FloatRows, into y: FloatRows, bias: UnsafePointer<Float>? = nil,
    policy: RowPolicy = .single
  ) {
    precondition(x.width == w.columns && y.width == w.rows && x.rows == y.rows)
    guard x.rows > 0 else { return }
    products.append(
      ns_product(
        w: w.descriptor, x: x.base, x_stride: Int64(x.stride), y: y.base,
        y_stride: Int64(y.stride), bias: bias, count: Int64(x.rows), x_rounded: nil,
        x_rounded_stride: 0, x_arranged: nil, x_arranged_stride: 0))
    rounded.append(roundings.kernels(for: w, policy: policy))
    weights.append(w)
    policies.append(policy)
    pendingBytes += w.byteCount
  }

  /// Computes the collected jobs, the work split by bytes of weights.
  package func run() {
    guard !products.isEmpty else { return }
    for job in products.indices { split(job: job) }
    roundActivations()
    if let arrangement = kernels.pointee.arrangement, let arrange = kernels.pointee.arrange {
      arrangeActivations(arrangement, arrange)
    }
    let threads = team.threads
    products.withUnsafeBufferPointer { products in
      units.withUnsafeBufferPointer { units in
        slabs.withUnsafeBufferPointer { slabs in
          let body = { [kernels, rounded] (part: Int, thread: Int) in
            let unit = units[part]
            let fast = rounded[unit.job]
            guard let job = products.baseAddress.map({ $0 + unit.job }) else { return }
            let (first, end) = (Int64(unit.rows.lowerBound), Int64(unit.rows.upperBound))
            switch unit.policy {
            case .single: (fast?.pointee.product ?? kernels.pointee.product)(job, first, end)
            case .panel:
              (fast?.pointee.panels ?? kernels.pointee.panels)(
                job, first, end, Int64(unit.activations.lowerBound),
                Int64(unit.activations.upperBound), slabs[thread].base)
            }
          }
          if threads == 1 || units.count == 1 {
            for part in units.indices { body(part, 0) }
          } else {
            team.run(parts: units.count, body)
          }
        }
      }
    }
    products.removeAll(keepingCapacity: true)
    weights.removeAll(keepingCapacity: true)
    policies.removeAll(keepingCapacity: true)
    rounded.removeAll(keepingCapacity: true)
    units.removeAll(keepingCapacity: true)
    pendingBytes = 0
  }

  /// Lays the activations of jobs out as their kernel takes them, once for all jobs that share them and their layout.
  private func arrangeActivations(
    _ arrangement: @convention(c) (UnsafePointer<ns_matrix>?) -> Int32,
    _ arrange:
      @convention(c) (Int32, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int64) -> Void
  ) {
    var total = 0
    for job in products.indices where policies[job] == .single && rounded[job] == nil {
      guard arrangement(&products[job].w) != 0 else { continue }
      products[job].x_arranged_stride = products[job].w.columns / 32 * Int64(NS_ARRANGED)
      total += Int(products[job].count * products[job].x_arranged_stride)
    }
    guard total > 0 else { return }
    if arranged.count < total { arranged = FloatSlab(count: total + total / 2) }
    var next = arranged.base
    for job in products.indices where products[job].x_arranged_stride > 0 {
      let kind = arrangement(&products[job].w)
      let product = products[job]
      let shared = products[..<job].first {
        Self.haveOneInput($0, product) && $0.x_arranged != nil
          && withUnsafePointer(to: $0.w) { arrangement($0) } == kind
      }
      if let shared {
        products[job].x_arranged = shared.x_arranged
        continue
      }
      let (base, stride) = (next, Int(product.x_arranged_stride))
      split(rows: Int(product.count), width: Int(product.w.columns)) { range in
        for row in range {
          arrange(
            kind, product.x + row * Int(product.x_stride), base + row * stride, product.w.columns)
        }
      }
      products[job].x_arranged = UnsafePointer(base)
      next = base + Int(product.count) * stride
    }
  }

  /// Cuts a job into units: small enough that the threads end together, large enough to be worth the taking.
  private func split(job: Int) {
    let rows = Int(products[job].w.rows)
    let count = Int(products[job].count)
    let step: Int
    var pieces = 1
    switch policies[job] {
    case .single:
      let share = max(pendingBytes / (team.threads * 8), Self.unitBytes)
      step = max(8, share / weights[job].bytesPerRow / 8 * 8)
    case .panel:
      reserveScratch(Int(NS_PANEL_SCRATCH))
      step = Int(kernels.pointee.panel_width)
      // With many threads and few panels each panel is decoded more than once, for a part of the rows each.
      let panels = (rows + step - 1) / step
      pieces = max(1, min(team.threads * 3 / panels, count / 56))
    }
    for first in stride(from: 0, to: rows, by: step) {
      for piece in 0..<pieces {
        units.append(
          ProductUnit(
            job: job, rows: first..<min(first + step, rows),
            activations: count * piece / pieces..<count * (piece + 1) / pieces,
            policy: policies[job]))
      }
    }
  }
}
