internal import ArgumentParser

/// A number of bytes as options write it: `4096`, `512M`, `2G`.
struct ByteCount: ExpressibleByArgument {
  let count: Int

  init?(argument text: String) {
    let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let unit = text.uppercased().last.flatMap { units[$0] }
    guard let number = Int(unit == nil ? text : String(text.dropLast())), number >= 0,
      number <= Int.max / (unit ?? 1)
    else { return nil }
    count = number * (unit ?? 1)
  }
}
