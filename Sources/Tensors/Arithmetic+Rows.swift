internal import CKernels

/// Operations on each row by itself: norms, sums, activations, rotation, embedding.
extension Arithmetic {
  /// `y = x / sqrt(mean(x²) + epsilon) * weight`; `weight` is `[width]`, nil means ones.
  package func rmsNorm(
    _ x: FloatRows, weight: UnsafePointer<Float>?, epsilon: Float, into y: FloatRows
  ) {
    precondition(x.width == y.width && x.rows == y.rows)
    split(rows: x.rows, width: x.width) { range in
      for row in range {
        kernels.pointee.rms_norm(
          x.base + row * x.stride, weight, epsilon, y.base + row * y.stride, Int64(x.width))
      }
    }
  }

  /// `y = (x - mean) / sqrt(variance + epsilon) * weight + bias`; weights are `[width]`, nil means none.
  package func layerNorm(
    _ x: FloatRows, weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float,
    into y: FloatRows
  ) {
    precondition(x.width == y.width && x.rows == y.rows)
    split(rows: x.rows, width: x.width) { range in
      for row in range {
        kernels.pointee.layer_norm(
          x.base + row * x.stride, weight, bias, epsilon, y.base + row * y.stride, Int64(x.width))
      }
    }
  }

  /// ``rmsNorm(_:weight:epsilon:into:)`` of each head of `headDim` numbers, `weight` being `[headDim]`.
  package func headNorm(
    _ x: FloatRows, headDim: Int, weight: UnsafePointer<Float>?, epsilon: Float,
    into y: FloatRows
  ) {
    precondition(x.width == y.width && x.rows == y.rows && headDim > 0 && x.width % headDim == 0)
    split(rows: x.rows, width: x.width) { range in
      for row in range {
        for head in stride(from: 0, to: x.width, by: headDim) {
          kernels.pointee.rms_norm(
            x.base + row * x.stride + head, weight, epsilon, y.base + row * y.stride + head,
            Int64(headDim))
        }
      }
    }
  }

  /// ``layerNorm(_:weight:bias:epsilon:into:)`` of each head of `headDim` numbers without a bias, `weight` being
  /// `[width]`: each head has its own.
  package func headLayerNorm(
    _ x: FloatRows, headDim: Int, weight: UnsafePointer<Float>, epsilon: Float, into y: FloatRows
  ) {
    precondition(x.width == y.width && x.rows == y.rows && headDim > 0 && x.width % headDim == 0)
    split(rows: x.rows, width: x.width) { range in
      for row in range {
        for head in stride(from: 0, to: x.width, by: headDim) {
          kernels.pointee.layer_norm(
            x.base + row * x.stride + head, weight + head, nil, epsilon,
            y.base + row * y.stride + head, Int64(headDim))
        }
      }
    }
  }

  /// `x += y`.
  package func addInPlace(_ x: FloatRows, _ y: FloatRows) {
    precondition(x.width == y.width && x.rows == y.rows)
    split(rows: x.rows, width: x.width) { range in
      for row in range {
        kernels.pointee.add(x.base + row * x.stride, y.base + row * y.stride, Int64(x.width))
      }
    }
  }

  /// `x *= factor`.
  package func scale(_ x: FloatRows, by factor: Float) {
    split(rows: x.rows, width: x.width) { range in
      for row in range {
        kernels.pointee.scale(x.base + row * x.stride, factor, Int64(x.width))
      }
    }
  }

  /// `y = x`; the two do not overlap.
  package func copy(_ x: FloatRows, into y: FloatRows) {
    precondition(x.width == y.width && x.rows == y.rows)
    split(rows: x.rows, width: x.width) { range in
      for row in range {
        (y.base + row * y.stride).update(from: x.base + row * x.stride, count: x.width)
      }
    }
  }

  /// `y = function(gate) * up`.
  ///
  /// `y` may be `gate` or `up`.
  package func product(
    _ function: ActivationFunction, gate: FloatRows, up: FloatRows, into y: FloatRows
  ) {
    gated(gate, up, y) { kernels.pointee.activate(function.code, $0, $1, $2, $3) }
  }

  /// `y = function(x)`.
  ///
  /// `y` may be `x`.
  package func apply(_ function: ActivationFunction, _ x: FloatRows, into y: FloatRows) {
    gated(x, x, y) { x, _, y, n in kernels.pointee.activate(function.code, x, nil, y, n) }
  }

  /// `x = cap * tanh(x / cap)`: scores held between -cap and cap (Gemma).
  package func softCap(_ x: FloatRows, _ cap: Float) {
    gated(x, x, x) { _, _, x, n in kernels.pointee.soft_cap(x, cap, n) }
  }

  /// gpt-oss: `g = min(gate, limit)`, `u = up` within ±limit, `y = (u + 1) * g * sigmoid(alpha * g)`.
  package func gptOssGate(
    gate: FloatRows, up: FloatRows, limit: Float = 7, alpha: Float = 1.702, into y: FloatRows
  ) {
    gated(gate, up, y) { kernels.pointee.clamped_gate($0, $1, limit, alpha, $2, $3) }
  }

  private func gated(
    _ gate: FloatRows, _ up: FloatRows, _ y: FloatRows,
    _ body: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int64) -> Void
  ) {
    precondition(gate.width == y.width && gate.rows == y.rows)
    precondition(up.width == y.width && up.rows == y.rows)
    // An exponential costs about what eight additions cost.
    split(rows: y.rows, width: y.width * 8) { range in
      for row in range {
        body(
          gate.base + row * gate.stride, up.base + row * up.stride, y.base + row * y.stride,
          Int64(y.width))
      }
    }
  }

  /// Turns the pairs (i, i + rotaryDim / 2) of each head of each row by its position's angles, in place.
  ///
  /// - Axes: `x` `[rows, heads * headDim]`; `cosines`, `sines` `[positions, rotaryDim / 2]`, any attention
  ///   factor multiplied in; `positions` `[rows]`.
  package func rotate(
    _ x: FloatRows, heads: Int, headDim: Int, rotaryDim: Int, cosines: UnsafePointer<Float>,
    sines: UnsafePointer<Float>, positions: UnsafePointer<Int32>
  ) {
    precondition(x.width == heads * headDim && rotaryDim <= headDim && rotaryDim % 2 == 0)
    var rotation = ns_rotation(
      heads: Int64(heads), head_dim: Int64(headDim), rotary_dim: Int64(rotaryDim),
      cosines: cosines, sines: sines)
    withUnsafePointer(to: &rotation) { rotation in
      split(rows: x.rows, width: x.width) { range in
        for row in range {
          kernels.pointee.rotate(rotation, x.base + row * x.stride, Int64(positions[row]))
        }
      }
    }
  }

  /// Decodes the embedding rows of `tokens` and multiplies them by `scale`.
  ///
  /// - Axes: `tokens` `[y.rows]`, each below `w.rows`.
  package func embed(
    _ w: WeightMatrix, tokens: UnsafePointer<Int32>, scale: Float = 1, into y: FloatRows
  ) {
    precondition(y.width == w.columns)
    for row in 0..<y.rows { precondition(tokens[row] >= 0 && Int(tokens[row]) < w.rows) }
    var descriptor = w.descriptor
    withUnsafePointer(to: &descriptor) { matrix in
      split(rows: y.rows, width: y.width) { range in
        for row in range {
          let out = y.base + row * y.stride
          kernels.pointee.decode(matrix, Int64(tokens[row]), 0, Int64(w.columns), out)
          if scale != 1 { kernels.pointee.scale(out, scale, Int64(w.columns)) }
        }
      }
    }
  }
}
