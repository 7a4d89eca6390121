import Hub
import Synchronization

/// What was told while fetching.
final class PullNotes: PullObserver {
  private let told = Mutex((news: [PullNews](), begun: [String]()))

  var news: [PullNews] { told.withLock(\.news) }
  /// The files that were begun, and where.
  var begun: [String] { told.withLock(\.begun) }

  func note(_ news: PullNews) { told.withLock { $0.news.append(news) } }
  func begin(_ name: String, total: Int, done: Int) {
    told.withLock { $0.begun.append("\(name) from \(done)") }
  }
  func update(_ done: Int) {}
  func finish() {}
}
