// Shows a fault of libdispatch on Linux with nothing but Dispatch; why is told in Sources/SOCKETS.md.
//
//   swiftc -O Tests/Conformance/hangups.swift -o /tmp/hangups && /tmp/hangups 60
//
// Read sources on socket pairs whose other ends are closed. Each source is cancelled as the manual asks, and its
// descriptor closed in the cancel handler. Where the fault is, the program dies of SIGSEGV or SIGILL within a minute in
// _dispatch_event_loop_drain; MALLOC_PERTURB_=165 makes it sooner. Prints how many there were if it lives.
import Dispatch
import Glibc

let seconds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 60
let owners = (0..<8).map { DispatchQueue(label: "owner.\($0)") }
let peers = (0..<4).map { DispatchQueue(label: "peer.\($0)") }
let places = DispatchSemaphore(value: 64)

/// Watches a descriptor until its peer has gone.
func watch(_ descriptor: Int32, on queue: DispatchQueue) {
  let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
  source.setCancelHandler {
    close(descriptor)
    places.signal()
  }
  source.setEventHandler {
    var byte: UInt8 = 0
    if recv(descriptor, &byte, 1, 0) <= 0 { source.cancel() }
  }
  source.resume()
}

let end = time(nil) + seconds
var count = 0
while time(nil) < end {
  places.wait()
  var pair: [Int32] = [-1, -1]
  let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
  guard socketpair(AF_UNIX, type, 0, &pair) == 0 else {
    print("no descriptors left")
    exit(2)
  }
  let (near, far) = (pair[0], pair[1])
  let queue = owners[count % owners.count]
  queue.async { watch(near, on: queue) }
  peers[count % peers.count].async { close(far) }
  count += 1
}
print("\(count) sources, and alive")
