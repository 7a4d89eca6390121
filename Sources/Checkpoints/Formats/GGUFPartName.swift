/// The name of one file of a split GGUF model, as llama.cpp writes and asks for it: `PREFIX-00001-of-00003.gguf`.
package struct GGUFPartName: Sendable, Equatable {
  /// What the parts' names have in common, a folder included.
  package let prefix: String
  /// Counted from 0, as `split.no` is; the name counts from 1.
  package let index: Int
  package let count: Int

  private init(prefix: String, index: Int, count: Int) {
    self.prefix = prefix
    self.index = index
    self.count = count
  }

  /// Nil for a name of another form, or whose number is 0 or beyond the count.
  package init?(_ path: String) {
    let tail = "-00000-of-00000.gguf".utf8.count
    let bytes = Array(path.utf8)
    guard bytes.count > tail else { return nil }
    let form = Array(bytes.suffix(tail))
    let (number, total) = (form[1..<6], form[10..<15])
    guard form.first == UInt8(ascii: "-"), form[6..<10].elementsEqual("-of-".utf8),
      form[15...].elementsEqual(".gguf".utf8),
      (number + total).allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let index = Int(String(decoding: number, as: UTF8.self)),
      let count = Int(String(decoding: total, as: UTF8.self)), index >= 1, index <= count
    else { return nil }
    let prefix = String(decoding: bytes.dropLast(tail), as: UTF8.self)
    self.init(prefix: prefix, index: index - 1, count: count)
  }

  /// The name of another part, numbered from 0.
  package func part(_ index: Int) -> String {
    func digits(_ number: Int) -> String {
      let text = "\(number)"
      return String(repeating: "0", count: max(5 - text.utf8.count, 0)) + text
    }
    return "\(prefix)-\(digits(index + 1))-of-\(digits(count)).gguf"
  }
}
