import MillraceCore
import Testing

@testable import MillraceLinux

/// The decisions about warm hosts, without any.
struct WarmPoolTests {
  private static func plugin(_ name: String, hasWarmUp: Bool = true) -> Plugin {
    var plugin = Plugin(name: name, version: "1", sha256: name, path: "/\(name).so", handlers: [])
    (plugin.isWarm, plugin.hasWarmUp) = (true, hasWarmUp)
    return plugin
  }

  private static func wish(_ name: String = "a", _ key: String? = nil) -> WarmPool.Wish {
    WarmPool.Wish(plugin: plugin(name), handler: "h", key: key)
  }

  @Test("attempts wait while a host gets warm, and take their turn after that")
  func line() {
    var pool = WarmPool(WarmSettings())
    #expect(pool.place(Self.wish(), at: 0) == .open(1, closing: nil))
    #expect(pool.place(Self.wish(), at: 1) == .wait(1))
    #expect(pool.takeTurn(1, at: 1) == false)
    #expect(pool.warmed(1, cost: .milliseconds(5), at: 2) == nil)
    // Who waits goes first.
    #expect(pool.place(Self.wish(), at: 3) == .wait(1))
    for _ in 1...3 { #expect(pool.takeTurn(1, at: 3) == true) }
    #expect(pool.takeTurn(1, at: 3) == false)
    #expect(pool.place(Self.wish(), at: 4) == .fork(1))
  }

  @Test("a host is asked for a bounded number of forks at a time")
  func bound() {
    var pool = WarmPool(WarmSettings())
    _ = pool.place(Self.wish(), at: 0)
    _ = pool.warmed(1, cost: .milliseconds(5), at: 0)
    _ = pool.takeTurn(1, at: 0)
    for _ in 1..<WarmPool.maxAsked { #expect(pool.place(Self.wish(), at: 0) == .fork(1)) }
    #expect(pool.place(Self.wish(), at: 0) == .wait(1))
    #expect(pool.takeTurn(1, at: 0) == false)
    #expect(pool.answered(1, fork: .microseconds(90), at: 1) == nil)
    #expect(pool.takeTurn(1, at: 1) == true)
  }

  @Test("the host of an earlier build is closed as soon as nobody needs it, also after another user is given")
  func outdated() {
    for change in [{ $0.sha256 = "b" }, { $0.user = JobUser(name: "u", uid: 7, gid: 7) }]
      as [(inout Plugin) -> Void]
    {
      var pool = WarmPool(WarmSettings())
      _ = pool.place(Self.wish(), at: 0)
      _ = pool.warmed(1, cost: .milliseconds(5), at: 1)
      _ = pool.takeTurn(1, at: 1)
      var newer = Self.wish()
      change(&newer.plugin)
      #expect(pool.place(newer, at: 2) == .open(2, closing: nil))
      #expect(pool.idle(at: 3) == [], "it still forks")
      _ = pool.answered(1, fork: .microseconds(90), at: 4)
      #expect(pool.nextDeadline == 4 && pool.idle(at: 4) == [1])
    }
  }

  @Test("a new host takes the place of the one that nobody needed for longest, never of a busy one")
  func eviction() {
    var pool = WarmPool(WarmSettings(hosts: 2))
    for (number, name) in [(UInt32(1), "a"), (2, "b")] {
      #expect(pool.place(Self.wish(name), at: Int64(number)) == .open(number, closing: nil))
      _ = pool.warmed(number, cost: .milliseconds(5), at: Int64(number))
      _ = pool.takeTurn(number, at: Int64(number))
    }
    #expect(pool.place(Self.wish("c"), at: 10) == .lower)  // Both are asked for something.
    _ = pool.answered(2, fork: .microseconds(90), at: 11)
    #expect(pool.place(Self.wish("c"), at: 12) == .open(3, closing: 2))
    // It closes, and is there until it has ended.
    #expect(pool.place(Self.wish("b"), at: 13) == .lower)
    pool.remove(2)
    #expect(pool.hosts.map(\.number) == [1, 3])
  }

  @Test("no two hosts have the same slot at a time")
  func slots() {
    var pool = WarmPool(WarmSettings(hosts: 3))
    for name in ["a", "b", "c"] { _ = pool.place(Self.wish(name), at: 0) }
    #expect(pool.hosts.map(\.slot) == [0, 1, 2])
    pool.remove(2)
    _ = pool.place(Self.wish("d"), at: 0)
    #expect(pool.hosts.map(\.slot) == [0, 2, 1])
  }

  @Test("a host that was not ready falls to one without warm-up, then to none, for good")
  func ladder() {
    var pool = WarmPool(WarmSettings())
    _ = pool.place(Self.wish(), at: 0)
    let first = pool.fall(1, because: "it has threads", at: 1)
    #expect(first?.contains("go without warm-up") ?? false)
    #expect(pool.place(Self.wish(), at: 2) == .open(2, closing: nil))
    #expect(pool[2]?.skipsWarmUp ?? false)
    let second = pool.fall(2, because: "it has threads", at: 3)
    #expect(second?.contains("start without a warm host") ?? false)
    #expect(pool.place(Self.wish(), at: 1_000_000_000) == .lower)
    // Another build of the plugin may be better.
    #expect(pool.place(Self.wish("b"), at: 4) == .open(3, closing: nil))
  }

  @Test("what failed is tried again with another environment, user or bound of memory")
  func remade() {
    var pool = WarmPool(WarmSettings())
    let changes: [(inout Plugin) -> Void] = [
      { $0.environment = ["WORD": "one"] }, { $0.user = JobUser(name: "u", uid: 7, gid: 7) },
      { $0.warmMemory = .mebibytes(99) },
    ]
    var wish = Self.wish()
    var number: UInt32 = 0
    for change in changes {
      for _ in 1...2 {
        number += 1
        #expect(pool.place(wish, at: 0) == .open(number, closing: nil))
        _ = pool.fall(number, because: "its `warm_up` failed", at: 0)
        pool.remove(number)
      }
      #expect(pool.place(wish, at: 0) == .lower)
      change(&wish.plugin)
    }
    #expect(pool.place(wish, at: 0) == .open(number + 1, closing: nil))
    #expect(pool[number + 1]?.skipsWarmUp == false)
  }

  @Test("hosts that keep dying are not made for a while, twice as long each time; one that forks is forgiven")
  func deaths() {
    var pool = WarmPool(WarmSettings())
    var now: Int64 = 0
    var number: UInt32 = 0
    func die() -> String? {
      number += 1
      #expect(pool.place(Self.wish(), at: now) == .open(number, closing: nil))
      _ = pool.warmed(number, cost: .milliseconds(5), at: now)
      defer { pool.remove(number) }
      return pool.died(number, because: "x", at: now)
    }
    for pause in [WarmLadder.firstPause, 2 * WarmLadder.firstPause] {
      for _ in 1..<WarmLadder.maxDeaths { #expect(die() == nil) }
      #expect(die() != nil)
      #expect(pool.place(Self.wish(), at: now + pause - 1) == .lower)
      now += pause
    }
    for _ in 1...3 {
      _ = die()
      number += 1
      _ = pool.place(Self.wish(), at: now)
      _ = pool.warmed(number, cost: .milliseconds(5), at: now)
      _ = pool.takeTurn(number, at: now)
      #expect(pool.answered(number, fork: .microseconds(90), at: now) == nil)
      pool.remove(number)
    }
  }

  @Test(
    "a host whose forks take longer than a start without it is of no use; a single slow one tells nothing")
  func slowForks() {
    var pool = WarmPool(WarmSettings())
    _ = pool.place(Self.wish(), at: 0)
    _ = pool.warmed(1, cost: .milliseconds(1), at: 0)
    _ = pool.takeTurn(1, at: 0)
    #expect(pool.answered(1, fork: .microseconds(900), at: 0) == nil)
    for _ in 1..<PooledHost.window {
      _ = pool.place(Self.wish(), at: 0)
      #expect(pool.answered(1, fork: .milliseconds(2), at: 0) == nil)
    }
    _ = pool.place(Self.wish(), at: 0)
    // The quick one is out of sight now.
    let reason = pool.answered(1, fork: .milliseconds(2), at: 0)
    #expect(reason?.contains("its forks take") ?? false)
  }

  @Test("hosts are closed when nobody needed them, and late when they do not get ready")
  func times() {
    var pool = WarmPool(WarmSettings(idle: .seconds(5), warmUp: .seconds(2)))
    #expect(pool.nextDeadline == nil)
    _ = pool.place(Self.wish(), at: 0)
    #expect(pool.nextDeadline == 2000)
    #expect(pool.late(at: 1999) == [] && pool.late(at: 2000) == [1])
    _ = pool.warmed(1, cost: .milliseconds(5), at: 100)
    _ = pool.takeTurn(1, at: 100)
    #expect(pool.nextDeadline == nil)  // It is asked for something.
    _ = pool.answered(1, fork: .microseconds(90), at: 200)
    #expect(pool.nextDeadline == 5200)
    #expect(pool.idle(at: 5199) == [] && pool.idle(at: 5200) == [1])
    #expect(pool.free == [1])
    pool.close(1, at: 5200)
    #expect(pool.free == [])
    #expect(pool.nextDeadline == 10_200)  // Then it is killed.
  }

  @Test("without hosts everything starts lower")
  func none() {
    var pool = WarmPool(WarmSettings(hosts: 0))
    #expect(pool.place(Self.wish(), at: 0) == .lower)
  }
}
