internal import ArgumentParser

/// A number of bytes as options write it: `4096`, `512M`, `2G`.
struct ByteCount: ExpressibleByArgument, CustomStringConvertible {
  let count: Int

  init(_ count: Int) { self.count = count }

  /// In the largest unit of which it is a whole number.
  var description: String {
    let units = [(30, "G"), (20, "M"), (10, "K")]
    let whole = units.first { count != 0 && count % (1 << $0.0) == 0 }
    return whole.map { "\(count >> $0.0)\($0.1)" } ?? "\(count)"
  }

  init?(argument text: String) {
    let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let unit = text.uppercased().last.flatMap { units[$0] }
    guard let number = Int(unit == nil ? text : String(text.dropLast())), number >= 0,
      number <= Int.max / (unit ?? 1)
    else { return nil }
    count = number * (unit ?? 1)
  }
}
