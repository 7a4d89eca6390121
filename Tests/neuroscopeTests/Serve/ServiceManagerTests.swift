import Foundation
import Synchronization
import TestKit
import Testing

@testable import neuroscope

/// What a service manager says and is told.
@Suite(.ownThreads) struct ServiceManagerTests {
  @Test(
    arguments: [
      ([:], nil, nil),
      (["NOTIFY_SOCKET": ""], nil, nil),
      (["NOTIFY_SOCKET": "relative"], nil, nil),
      (["NOTIFY_SOCKET": "/"], nil, nil),
      (["NOTIFY_SOCKET": "/run/x"], "/run/x", nil),
      (["NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "5"], "@x", 5),
      (["NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "5", "WATCHDOG_PID": "7"], "@x", 5),
      (["NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "5", "WATCHDOG_PID": "8"], "@x", nil),
      (["NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "0"], "@x", nil),
      (["NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "-5"], "@x", nil),
      (["WATCHDOG_USEC": "5"], nil, nil),
    ] as [([String: String], String?, UInt64?)])
  func `what the environment says is read`(
    environment: [String: String], socket: String?, watchdog: UInt64?
  ) {
    let manager = ServiceManager(environment: environment, process: 7)
    #expect(manager?.socket == socket)
    #expect(manager?.watchdog == watchdog)
  }

  @Test func `news are lines of names and values, whatever an address is called`() {
    #expect(
      ServiceManager.News.ready(status: "a\nREADY=0\r\nb").text == "READY=1\nSTATUS=a READY=0 b")
    #expect(ServiceManager.News.reloading(microseconds: 7).text == "RELOADING=1\nMONOTONIC_USEC=7")
    #expect(ServiceManager.News.stopping.text == "STOPPING=1")
    #expect(ServiceManager.News.alive.text == "WATCHDOG=1")
  }

  /// How often a server had a turn.
  private final class Turns: Sendable {
    let count = Atomic(0)
  }

  @Test func `a server that is stuck gives no sign of life`() async throws {
    let manager = try #require(
      ServiceManager(
        environment: ["NOTIFY_SOCKET": "@nobody", "WATCHDOG_USEC": "2000"], process: 7))
    let turns = Turns()
    await withTaskGroup { group in
      group.addTask {
        await manager.giveSigns {
          // The third turn never comes.
          if turns.count.wrappingAdd(1, ordering: .relaxed).newValue == 3 {
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
          }
        }
      }
      #expect(await eventually { turns.count.load(ordering: .relaxed) == 3 })
      group.cancelAll()
    }
    #expect(turns.count.load(ordering: .relaxed) == 3)
  }
}
