/// A text as an array of scalars with their classes, made once and scanned by index.
package struct ScalarText {
  package private(set) var scalars: [UInt32] = []
  package private(set) var classes: [ScalarClass] = []
  /// Where each scalar begins in the bytes it was made of, and the end; one more than there are scalars.
  package private(set) var offsets: [Int] = []

  package var count: Int { scalars.count }

  /// Classifies UTF-8 text; the offsets are indices of the slice.
  package init(_ bytes: ArraySlice<UInt8>) {
    scalars.reserveCapacity(bytes.count)
    classes.reserveCapacity(bytes.count)
    offsets.reserveCapacity(bytes.count + 1)
    var offset = bytes.startIndex
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      scalars.append(scalar.value)
      classes.append(ScalarClass(of: scalar))
      offsets.append(offset)
      offset += UTF8.width(scalar)
    }
    offsets.append(offset)
  }

  /// Whether the scalar at an index has any of these classes; false beyond the end.
  package func has(_ index: Int, _ wanted: ScalarClass) -> Bool {
    index < classes.count && !classes[index].isDisjoint(with: wanted)
  }

  /// Whether there is a scalar at an index and it has none of these classes.
  func lacks(_ index: Int, _ unwanted: ScalarClass) -> Bool {
    index < classes.count && classes[index].isDisjoint(with: unwanted)
  }

  /// The scalar at an index, or nil beyond the end.
  func scalar(_ index: Int) -> UInt32? { index < scalars.count ? scalars[index] : nil }

  /// Whether this very character stands at an index.
  func isAt(_ index: Int, _ scalar: Unicode.Scalar) -> Bool {
    index < scalars.count && scalars[index] == scalar.value
  }

  /// The first index from here on that lacks all these classes.
  func skip(_ index: Int, _ wanted: ScalarClass) -> Int {
    var index = index
    while has(index, wanted) { index += 1 }
    return index
  }

  /// The first index from here on that has any of these classes.
  func skipLacking(_ index: Int, _ unwanted: ScalarClass) -> Int {
    var index = index
    while lacks(index, unwanted) { index += 1 }
    return index
  }
}

extension UTF8 {
  /// The number of bytes of a scalar.
  fileprivate static func width(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case ..<0x80: 1
    case ..<0x800: 2
    case ..<0x10000: 3
    default: 4
    }
  }
}
