/// Where in a trace something stands: which trace, which span of it, and whether anybody keeps it.
///
/// - Standard: W3C Trace Context, level 1 (a Recommendation).
package struct TraceContext: Sendable, Hashable {
  /// The trace's number, 16 bytes that are not all zero; the first eight.
  package let high: UInt64
  /// The last eight bytes of the trace's number.
  package let low: UInt64
  /// The span's number; not zero.
  package let span: UInt64
  /// Whether the caller keeps the trace, so that this part is wanted too.
  package let isSampled: Bool
  /// What other systems on the way have to say; handed on as it came.
  package let state: TraceState
  /// Whether the span is another process's.
  package let isRemote: Bool

  private init(
    high: UInt64, low: UInt64, span: UInt64, isSampled: Bool, state: TraceState, isRemote: Bool
  ) {
    self.high = high
    self.low = low
    self.span = span
    self.isSampled = isSampled
    self.state = state
    self.isRemote = isRemote
  }

  /// The first span of a new trace, which is kept.
  package static func root() -> TraceContext {
    TraceContext(
      high: .random(in: 1 ... .max), low: .random(in: .min ... .max), span: .random(in: 1 ... .max),
      isSampled: true, state: .none, isRemote: false)
  }

  /// A span below this one.
  package func child() -> TraceContext {
    TraceContext(
      high: high, low: low, span: .random(in: 1 ... .max), isSampled: isSampled, state: state,
      isRemote: false)
  }

  /// 32 hexadecimal digits.
  package var traceID: String { Self.hex(high) + Self.hex(low) }
  /// 16 hexadecimal digits.
  package var spanID: String { Self.hex(span) }

  // MARK: On the way

  /// Reads the field `traceparent`; nil where it is not as the standard has it, so that a new trace begins.
  ///
  /// A version that nobody knows yet is read as far as it looks like the one that is known, as the standard says; 255 never
  /// is one.
  ///
  /// - Parameters:
  ///   - text: the field's one value, without blanks around it.
  ///   - state: the values of `tracestate`, joined by commas.
  package init?(traceparent text: String, state: String = "") {
    let bytes = Array(text.utf8)
    guard bytes.count >= Self.length, [2, 35, 52].allSatisfy({ bytes[$0] == Self.dash }),
      let version = Self.number(bytes[0..<2]), version != 0xff,
      bytes.count == Self.length || (version > 0 && bytes[Self.length] == Self.dash),
      let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]),
      let span = Self.number(bytes[36..<52]), let flags = Self.number(bytes[53..<55]),
      high | low != 0, span != 0
    else { return nil }
    self.init(
      high: high, low: low, span: span, isSampled: flags & 1 == 1, state: TraceState(state),
      isRemote: true)
  }

  /// The field `traceparent` of this span, in version 0.
  package var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

  /// Bytes of the field in version 0.
  private static let length = 55
  private static let dash = UInt8(ascii: "-")

  /// Digits of at most eight bytes; upper-case ones are none.
  private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
    var number: UInt64 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        number = number << 4 | UInt64(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"):
        number = number << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return number
  }

  private static func hex(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}
