internal import Foundation

/// Numbers as people read them.
enum Figures {
  /// Things per second, 0 where no time passed.
  static func perSecond(_ count: Int, _ seconds: Double) -> Double {
    count > 0 && seconds > 0 ? Double(count) / seconds : 0
  }

  /// Things per second as text, a dash where there were none.
  static func rate(_ count: Int, _ seconds: Double) -> String {
    let rate = perSecond(count, seconds)
    return rate > 0 ? short(rate) : "–"
  }

  /// A number with at least three significant digits.
  static func short(_ value: some BinaryFloatingPoint) -> String {
    let number = Double(value)
    switch abs(number) {
    case 100...: return String(format: "%.0f", number)
    case 10..<100: return String(format: "%.1f", number)
    case 0.1..<10: return String(format: "%.2f", number)
    case 0: return "0"
    default: return String(format: "%.3g", number)
    }
  }

  /// Bytes in binary units.
  static func bytes(_ count: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var value = Double(count)
    var unit = 0
    while value >= 1024, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return unit == 0 ? "\(count) B" : "\(short(value)) \(units[unit])"
  }

  /// A count in thousands, millions or billions.
  static func count(_ count: Int) -> String {
    switch count {
    case 1_000_000_000...: short(Double(count) / 1e9) + " B"
    case 1_000_000...: short(Double(count) / 1e6) + " M"
    case 10_000...: short(Double(count) / 1e3) + " k"
    default: String(count)
    }
  }
}

extension Double {
  /// The natural logarithm.
  static func logarithm(_ value: Double) -> Double { Foundation.log(value) }
}

extension StringProtocol {
  /// The text without the blanks around it.
  var trimmingBlanks: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}

extension String {
  /// The text with blanks behind it, up to a width.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(width - count, 0))
  }

  /// The text with blanks before it, up to a width.
  func leftPadded(to width: Int) -> String {
    String(repeating: " ", count: max(width - count, 0)) + self
  }

  /// Line breaks as signs, other control characters left out, so that text can't disturb a picture.
  var onOneLine: String {
    var text = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\n": text += "⏎"
      case "\t": text += "⇥"
      default:
        if scalar.properties.generalCategory != .control { text.unicodeScalars.append(scalar) }
      }
    }
    return text
  }
}
