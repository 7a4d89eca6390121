import TLS
import TLSKit
import TestKit

/// A server's and a client's side of one conversation, and the bytes between them.
final class TLSPair {
  var machine: TLSServerMachine
  let client: TLSTestClient
  /// What each has said.
  var heardByServer: [UInt8] = []
  var heardByClient: [UInt8] = []
  var progress = TLSServerMachine.Progress.waiting
  var violation: TLSViolation?
  var clientEnd: TLSTestClient.Reading?
  /// Most bytes that travel at once.
  private let step: Int

  init(_ settings: TLSSettings, _ client: TLSTestClient, step: Int = .max) throws {
    machine = try TLSServerMachine(settings)
    self.client = client
    self.step = step
  }

  /// Gives the server bytes, `step` at a time.
  func giveServer(_ bytes: [UInt8]) {
    for piece in pieces(bytes) where violation == nil {
      piece.withUnsafeBytes { machine.receive($0) }
      do throws(TLSViolation) {
        progress = try machine.open { heardByServer += Array($0) }
      } catch {
        violation = error
      }
    }
  }

  func giveClient(_ bytes: [UInt8]) {
    for piece in pieces(bytes) {
      client.receive(piece)
      readClient()
    }
  }

  private func readClient() {
    while clientEnd == nil {
      switch client.read() {
      case .bytes(let bytes): heardByClient += bytes
      case .wait: return
      case .closed: clientEnd = .closed
      case .failed(let reason): clientEnd = .failed(reason)
      }
    }
  }

  private func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
    var rest = bytes[...]
    var pieces: [[UInt8]] = []
    while !rest.isEmpty {
      pieces.append(Array(rest.prefix(step)))
      rest = rest.dropFirst(min(step, rest.count))
    }
    return pieces
  }

  /// Lets bytes travel until nobody has any.
  func settle() {
    readClient()
    while true {
      let fromClient = client.takeOutput()
      giveServer(fromClient)
      let fromServer = machine.takeOutput()
      giveClient(fromServer)
      if fromClient.isEmpty, fromServer.isEmpty { return }
    }
  }

  var isServerEstablished: Bool { machine.isEstablished }
  var isEstablished: Bool { machine.isEstablished && client.isEstablished }

  // What `#expect` can't take apart, as the machine can't be copied.

  func seal(_ parcel: [[UInt8]]) throws(TLSViolation) -> [UInt8] { try machine.seal(parcel) }
  func takeOutput() -> [UInt8] { machine.takeOutput() }
  func takeArrived() -> [UInt8] { machine.takeArrived() }
  func finish() { machine.finish() }
}

/// Lengths of the records in a list of bytes; nil where it is not records from end to end.
func recordLengths(_ bytes: [UInt8]) -> [Int]? {
  var lengths: [Int] = []
  var rest = bytes[...]
  while rest.count >= 5 {
    let length = Int(rest[rest.startIndex + 3]) << 8 | Int(rest[rest.startIndex + 4])
    guard rest.count >= 5 + length else { return nil }
    lengths.append(length)
    rest = rest.dropFirst(5 + length)
  }
  return rest.isEmpty ? lengths : nil
}

extension TestIdentity {
  func settings() throws -> TLSSettings { try TLSSettings(certificates: certificate, key: key) }
}
