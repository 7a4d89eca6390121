/// A moment as year, month, day and time of day in UTC.
///
/// - Standard: the proleptic Gregorian calendar; formats are those of C's `strftime` in the C locale.
package struct CalendarTime: Sendable, Equatable {
  var year: Int
  var month: Int
  var day: Int
  var hour: Int
  var minute: Int
  var second: Int
  /// Sunday is 0.
  var weekday: Int
  /// 1 is the first of January.
  var dayOfYear: Int

  package init(secondsSince1970 seconds: Int64) {
    // Kept within a few million years, so that nothing overflows.
    let seconds = min(max(seconds, -1 << 46), 1 << 46)
    let days = Int((seconds - (seconds % 86400 + 86400) % 86400) / 86400)
    let rest = Int((seconds % 86400 + 86400) % 86400)
    (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
    weekday = ((days + 4) % 7 + 7) % 7
    // Years of 400 begin in March, so that the leap day is the last of a year.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayFromMarch = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayFromMarch + 2) / 153
    day = dayFromMarch - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month - 1]
    dayOfYear = before + day + (leap && month > 2 ? 1 : 0)
  }

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]
  private static let weekdays = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]

  /// The moment in a `strftime` format, or nil if the format has a part that is not known.
  package func text(_ format: String) -> String? {
    var text = ""
    var scalars = format.unicodeScalars.makeIterator()
    while let scalar = scalars.next() {
      guard scalar == "%" else {
        text.unicodeScalars.append(scalar)
        continue
      }
      guard var part = scalars.next() else { return nil }
      let unpadded = part == "-"
      if unpadded {
        guard let next = scalars.next() else { return nil }
        part = next
      }
      guard let spelt = spell(part, unpadded) else { return nil }
      text += spelt
    }
    return text
  }

  private func spell(_ part: Unicode.Scalar, _ unpadded: Bool) -> String? {
    func number(_ value: Int, _ width: Int = 2) -> String {
      let digits = String(value)
      return unpadded
        ? digits : String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    switch part {
    case "Y": return String(year)
    case "y": return number(((year % 100) + 100) % 100)
    case "m": return number(month)
    case "d": return number(day)
    case "e": return (day < 10 && !unpadded ? " " : "") + String(day)
    case "H": return number(hour)
    case "I": return number((hour + 11) % 12 + 1)
    case "M": return number(minute)
    case "S": return number(second)
    case "j": return number(dayOfYear, 3)
    case "p": return hour < 12 ? "AM" : "PM"
    case "B": return Self.months[month - 1]
    case "b", "h": return String(Self.months[month - 1].prefix(3))
    case "A": return Self.weekdays[weekday]
    case "a": return String(Self.weekdays[weekday].prefix(3))
    case "u": return String(weekday == 0 ? 7 : weekday)
    case "w": return String(weekday)
    case "F": return text("%Y-%m-%d")
    case "T": return text("%H:%M:%S")
    case "D": return text("%m/%d/%y")
    case "R": return text("%H:%M")
    case "Z": return "UTC"
    case "z": return "+0000"
    case "n": return "\n"
    case "t": return "\t"
    case "%": return "%"
    default: return nil
    }
  }
}
