import Foundation
import FuzzTargets

/// libFuzzer's way in: one input for the target that `NEUROSCOPE_FUZZ_TARGET` names.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  if let broken = target.run(bytes) { preconditionFailure("\(target): \(broken)") }
  return 0
}

/// The target, looked up once.
private let target: FuzzTarget = {
  let name = ProcessInfo.processInfo.environment["NEUROSCOPE_FUZZ_TARGET"] ?? ""
  guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
    preconditionFailure("NEUROSCOPE_FUZZ_TARGET is one of \(FuzzTarget.all.map(\.name))")
  }
  return target
}()
