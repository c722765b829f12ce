import Synchronization
import Testing

@testable import MillraceHTTP

@Suite("The bound on wrong tokens")
struct FailureLimitTests {
  @Test("ten from an address close it for the rest of a minute, and no other")
  func limit() {
    let time = Mutex(ContinuousClock.now)
    let limit = FailureLimit(now: { time.withLock { $0 } })
    for _ in 0..<9 { limit.note("a") }
    #expect(limit.wait(of: "a") == nil)
    time.withLock { $0 += .seconds(20) }
    limit.note("a")
    #expect(limit.wait(of: "a") == 41)
    #expect(limit.wait(of: "b") == nil)
    time.withLock { $0 += .seconds(40) }
    #expect(limit.wait(of: "a") == nil)
    limit.note("a")
    #expect(limit.wait(of: "a") == nil, "it begins anew")
  }

  @Test("addresses without number take no memory without bound")
  func manyAddresses() {
    let time = Mutex(ContinuousClock.now)
    let limit = FailureLimit(now: { time.withLock { $0 } })
    for number in 0..<FailureLimit.mostAddresses + 1 {
      time.withLock { $0 += .milliseconds(1) }
      for _ in 0..<FailureLimit.most { limit.note("\(number)") }
    }
    #expect(limit.wait(of: "0") == nil, "the oldest is forgotten")
    #expect(limit.wait(of: "1") != nil)
  }
}
