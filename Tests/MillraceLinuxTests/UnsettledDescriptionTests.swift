import FoundationEssentials
import Glibc
import Logging
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceLinux

/// Nobody touches the files of these tests between two tries: time alone makes them.
@Suite("Descriptions that took too long", .timeLimit(.minutes(1)))
struct UnsettledDescriptionTests {
  /// A plugin directory over several runs of a runner, whose clock stands still.
  private final class Place {
    let directory: TemporaryDirectory
    let launcher = FakeLauncher()
    let clock = ManualClock()
    /// What each look at the directory came to.
    let scans = Journal<Catalog>()

    init() throws {
      directory = try TemporaryDirectory()
      for name in ["builds", "plugins"] { mkdir("\(directory.path)/\(name)", 0o755) }
    }

    func path(_ name: String) -> String { "\(directory.path)/plugins/\(name)" }

    /// Puts a file there whole.
    func put(_ name: String, _ text: String) throws {
      let staged = directory.path + "/incoming"
      try Data(text.utf8).write(to: URL(filePath: staged))
      rename(staged, path(name))
    }

    /// Watches the directory while `body` works.
    func run(_ body: (Catalogs) async throws -> Void) async throws {
      let plugins = PluginDirectory(
        PluginDirectory.Settings(path: directory.path + "/plugins", builds: directory.path + "/builds"),
        launcher: launcher, history: MemoryJobStore(), log: Logger(label: "test"), clock: clock,
        amend: { [scans] catalog, _ in
          scans.append(catalog)
          return catalog
        })
      let run = Task { try await plugins.run() }
      defer { run.cancel() }
      try await body(Catalogs(plugins.catalogs))
      run.cancel()
      try await run.value
    }

    /// Has the time come until which somebody sleeps, so many seconds after the start.
    func turn(to seconds: Int64) async throws {
      try await clock.sleeper(until: Sample.time(seconds))
      clock.advance(by: Sample.time(seconds) - clock.now())
    }
  }

  /// What a directory publishes.
  private final class Catalogs {
    private var all: AsyncStream<Catalog>.Iterator

    init(_ stream: AsyncStream<Catalog>) { all = stream.makeAsyncIterator() }

    /// Waits until exactly these handlers serve, and returns why files are refused then.
    @discardableResult
    func serving(_ handlers: String..., refused: Int = 0) async throws -> [String] {
      while let catalog = await all.next() {
        let names = catalog.plugins.flatMap { $0.handlers.map(\.name) }
        if names == handlers, catalog.refused.count == refused { return catalog.refused.map(\.reason) }
      }
      throw TestFailure("no such catalog came")
    }
  }

  private static let late = "it did not describe itself in time; it is tried again "

  @Test("a build that took too long is told with the time of its next try, and serves once it has told all")
  func again() async throws {
    let place = try Place()
    place.launcher.setSlow("plugin x work")
    try place.put("libx.so", "plugin x work")
    try await place.run { catalogs in
      #expect(try await catalogs.serving(refused: 1) == [Self.late + "at 2026-01-01T00:00:30Z"])
      place.launcher.setSlow()
      try await place.turn(to: 30)
      try await catalogs.serving("work")
      #expect(place.launcher.described.count == 2)
    }
  }

  @Test("each wait is twice the one before, up to 8 minutes; then it is tried without any news of it")
  func waits() async throws {
    let place = try Place()
    place.launcher.setSlow("plugin x work")
    try place.put("libx.so", "plugin x work")
    try await place.run { catalogs in
      let tries = [(30, "00:00:30Z"), (90, "00:01:30Z"), (210, "00:03:30Z"), (450, "00:07:30Z")]
      for (seconds, text) in tries {
        #expect(try await catalogs.serving(refused: 1) == [Self.late + "at 2026-01-01T" + text])
        try await place.turn(to: Int64(seconds))
      }
      #expect(try await catalogs.serving(refused: 1) == [Self.late + "every 8 min"])
      for seconds in [930, 1410] { try await place.turn(to: Int64(seconds)) }
      try await place.clock.sleeper(until: Sample.time(1890))
      #expect(place.launcher.described.count == 7)
      #expect(Set(place.scans.entries.suffix(3).map(\.refused)).count == 1)
    }
  }

  @Test("changes of other files don't have it tried before its time")
  func others() async throws {
    let place = try Place()
    place.launcher.setSlow("plugin x work")
    try place.put("libx.so", "plugin x work")
    try await place.run { catalogs in
      let reason = try await catalogs.serving(refused: 1)
      try place.put("liby.so", "plugin y other")
      #expect(try await catalogs.serving("other", refused: 1) == reason)
      #expect(place.launcher.described == ["plugin x work", "plugin y other"])
    }
  }

  @Test("the build before serves on meanwhile, as if nothing had come")
  func earlier() async throws {
    let place = try Place()
    try place.put("libx.so", "plugin x one")
    place.launcher.setSlow("plugin x two")
    try await place.run { catalogs in
      try await catalogs.serving("one")
      let former = place.scans.entries.last?.plugins
      try place.put("libx.so", "plugin x two")
      try await catalogs.serving("one", refused: 1)
      #expect(place.scans.entries.last?.plugins == former)
      place.launcher.setSlow()
      try await place.turn(to: 30)
      try await catalogs.serving("two")
    }
  }

  @Test("after a restart, too: until the build that lies there has told all again")
  func restart() async throws {
    let place = try Place()
    for (text, handler) in [("plugin x one", "one"), ("plugin x two", "two")] {
      try place.put("libx.so", text)
      try await place.run { try await $0.serving(handler) }
    }
    place.launcher.setSlow("plugin x two")
    try await place.run { catalogs in
      try await catalogs.serving("one", refused: 1)
      place.launcher.setSlow()
      try await place.turn(to: 30)
      try await catalogs.serving("two")
    }
    #expect(place.launcher.described.suffix(3) == ["plugin x two", "plugin x one", "plugin x two"])
  }

  @Test("one that turns out to be no plugin is refused for good")
  func rubbish() async throws {
    let place = try Place()
    place.launcher.setSlow("rubbish")
    try place.put("libx.so", "rubbish")
    try await place.run { catalogs in
      try await catalogs.serving(refused: 1)
      place.launcher.setSlow()
      try await place.turn(to: 30)
      #expect(try await catalogs.serving(refused: 1) == ["it is garbage"])
      try place.put("liby.so", "plugin y other")
      try await catalogs.serving("other", refused: 1)
      #expect(place.launcher.described == ["rubbish", "rubbish", "plugin y other"])
      #expect(Set(place.clock.sleeps.entries) == [Sample.time(30)], "twice if it rings while it is set")
    }
  }

  @Test("of a file that is gone there are no more tries")
  func gone() async throws {
    let place = try Place()
    place.launcher.setSlow("plugin x work")
    try place.put("libx.so", "plugin x work")
    try await place.run { catalogs in
      try await catalogs.serving(refused: 1)
      unlink(place.path("libx.so"))
      try await catalogs.serving()
      let scans = place.scans.entries.count
      try await place.turn(to: 30)
      try await place.scans.wait { $0.count > scans }
      try place.put("liby.so", "plugin y other")
      try await catalogs.serving("other")
      #expect(place.launcher.described == ["plugin x work", "plugin y other"])
      #expect(Set(place.clock.sleeps.entries) == [Sample.time(30)], "twice if it rings while it is set")
    }
  }

  @Test("files of a plugin for which there was no time are tried again, and the others are of use meanwhile")
  func files() async throws {
    let place = try Place()
    place.launcher.setSlow("slow")
    mkdir(place.path("libx.d"), 0o755)
    for (name, text) in [("bad", "bad"), ("one", "fine"), ("two", "slow")] {
      try place.put("libx.d/\(name).py", text)
    }
    try place.put("libx.so", "files x")
    try await place.run { catalogs in
      let reasons = [
        "it is bad", "it takes too long",
        "there was no time for all of its files; it is tried again at 2026-01-01T00:00:30Z",
      ]
      #expect(try await catalogs.serving("one", refused: 3) == reasons)
      // A try that tells nothing takes nothing back.
      place.launcher.setSlow("files x")
      try await place.turn(to: 30)
      #expect(
        try await catalogs.serving("one", refused: 3) == reasons.dropLast() + [
          Self.late + "at 2026-01-01T00:01:30Z"
        ])
      place.launcher.setSlow()
      try await place.turn(to: 90)
      #expect(try await catalogs.serving("one", "two", refused: 1) == ["it is bad"])
    }
  }
  /// A plugin with two files, of which one is changed while there is no time for the other.
  private func changed(_ body: (Place, Catalogs) async throws -> Void) async throws {
    let place = try Place()
    mkdir(place.path("libx.d"), 0o755)
    for name in ["one", "two"] { try place.put("libx.d/\(name).py", name) }
    try place.put("libx.so", "files x")
    try await place.run { catalogs in
      try await catalogs.serving("one", "two")
      let former = place.scans.entries.last?.plugins
      place.launcher.setSlow("two")
      try place.put("libx.d/one.py", "another one")
      try await catalogs.serving("one", "two", refused: 2)
      #expect(place.scans.entries.last?.plugins == former)
      try await body(place, catalogs)
      #expect(place.scans.entries.last?.plugins != former)
    }
  }

  @Test("a change of one file takes no handler of another away for which there is no time now")
  func behind() async throws {
    try await changed { place, catalogs in
      place.launcher.setSlow()
      try await place.turn(to: 30)
      try await catalogs.serving("one", "two")
    }
  }

  @Test("but one file that always takes too long holds the others up no longer than for the growing waits")
  func held() async throws {
    try await changed { place, catalogs in
      for seconds in [30, 90, 210] {
        try await place.turn(to: Int64(seconds))
        try await catalogs.serving("one", "two", refused: 2)
      }
      try await place.turn(to: 450)
      try await catalogs.serving("one", refused: 2)
    }
  }
}
