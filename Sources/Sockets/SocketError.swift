/// A system call refused: which one, why, and about what.
package struct SocketError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The calls that can be refused.
  package enum Operation: String, Sendable {
    case resolve, socket, option, bind, listen, accept, read, write, connect
  }

  /// Which call.
  package let operation: Operation
  /// The system's error number.
  package let code: Int32
  /// The address in question, when there is one.
  package let address: String?

  package init(_ operation: Operation, code: Int32, address: String? = nil) {
    self.operation = operation
    self.code = code
    self.address = address
  }

  package var description: String {
    let place = address.map { " \($0)" } ?? ""
    return "\(operation.rawValue)\(place): \(Fence.text(ofError: code))"
  }
}
