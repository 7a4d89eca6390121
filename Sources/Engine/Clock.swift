internal import Dispatch

/// Monotonic time.
enum Clock {
  /// Seconds since an arbitrary moment.
  static var now: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }
}
