/// Checked arithmetic on the dimensions of a frame; none of it traps on hostile numbers.
enum FrameShape {
  /// The number of elements; an empty shape is a scalar.
  static func count(_ shape: [Int]) -> Int? {
    var product = 1
    for dimension in shape {
      guard dimension >= 0 else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
      guard !overflow else { return nil }
      product = next
    }
    return product
  }

  /// The length of a row: the last dimension, or 1 of a scalar.
  static func rowLength(_ shape: [Int]) -> Int { shape.last ?? 1 }

  /// The number of scales of `int8Blocks`: each row is cut into blocks on its own.
  static func blockCount(_ shape: [Int]) -> Int? {
    guard let rows = count(Array(shape.dropLast())) else { return nil }
    let size = FrameElementType.blockSize
    let row = rowLength(shape)
    let perRow = row / size + (row % size == 0 ? 0 : 1)
    let (blocks, overflow) = rows.multipliedReportingOverflow(by: perRow)
    return overflow ? nil : blocks
  }
}
