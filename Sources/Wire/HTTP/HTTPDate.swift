/// A moment as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
///
/// Time is an argument in this room; whoever owns a clock makes one of these a second and shares it.
///
/// - Standard: RFC 9110, section 5.6.7 (IMF-fixdate).
package struct HTTPDate: Hashable, Sendable {
  /// Seconds since 1970-01-01 00:00:00 UTC.
  package let seconds: Int

  /// The 29 characters.
  package let text: String

  /// Formats a moment; years outside 1…9999 are clamped.
  package init(secondsSince1970 seconds: Int) {
    let clamped = min(max(seconds, -62_135_596_800), 253_402_300_799)
    self.seconds = clamped
    let days = clamped >= 0 ? clamped / 86_400 : (clamped - 86_399) / 86_400
    let rest = clamped - days * 86_400
    let (year, month, day) = Self.civil(days)
    // 1970-01-01 was a Thursday.
    let weekday = Self.weekdays[((days + 4) % 7 + 7) % 7]
    text =
      "\(weekday), \(Self.two(day)) \(Self.months[month - 1]) \(Self.four(year)) "
      + "\(Self.two(rest / 3600)):\(Self.two(rest / 60 % 60)):\(Self.two(rest % 60)) GMT"
  }

  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// The proleptic Gregorian date of a day number counted from 1970-01-01.
  ///
  /// Years are counted from March so that the leap day is the last of its year.
  private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let fromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * fromMarch + 2) / 5 + 1
    let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

  private static func four(_ value: Int) -> String {
    String(repeating: "0", count: max(0, 4 - String(value).count)) + String(value)
  }
}
