import Glibc
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import MillraceLinux

@Suite("Scans of watched directories", .timeLimit(.minutes(1)))
struct DirectoryScanTests {
  private let files: WatchedFiles

  init() throws { files = try WatchedFiles() }

  @Test("find what has changed since a time, and nothing before")
  func since() async throws {
    try files.write("in/old", age: 3600)
    let old = files.changed("in/old")
    repeat { try files.write("in/new", age: 3600) } while files.changed("in/new") - old < .milliseconds(20)
    // A file's time is the kernel's last tick, which was before the file.
    files.source.watch([files.rule("a", since: files.changed("in/new") + .milliseconds(4))])
    #expect(try await files.names(until: "new") == ["new"])
  }

  @Test("leave content that has not rested, and look at it again once")
  func rest() async throws {
    let files = try WatchedFiles(rest: .milliseconds(300))
    try files.write("in/fresh")
    try files.write("in/old", age: 3600)
    try files.write("in/future", age: -3600)
    files.source.watch([files.rule()])
    let names = try await files.names(until: "fresh")
    #expect(names.sorted() == ["fresh", "future", "old"])
    #expect(names.last == "fresh")
    #expect(Timestamp.now(by: CLOCK_REALTIME) - files.changed("in/fresh") >= .milliseconds(290))
  }

  @Test("leave what is written on to its writer's closing")
  func writing() async throws {
    let files = try WatchedFiles(rest: .milliseconds(300))
    do {
      let file = try Descriptor(opening: files.path("in/a"), flags: O_WRONLY | O_CREAT)
      try Array("half".utf8).withUnsafeBytes { try file.write($0, "a") }
      try await files.watch([files.rule()])
      let first = files.changed("in/a")
      while files.changed("in/a") == first {
        try Array("more".utf8).withUnsafeBytes { try file.write($0, "a") }
      }
      // Its content may not be told until it is closed; this file's is after the same rest, a little later.
      try files.write("in/.again")
      files.source.watch([files.rule(), files.rule("again", "in", ".again")])
      _ = try await files.next { $0.schedule == "again" }
    }
    let file = try await files.next { $0.schedule == "a" }
    #expect(file.bytes > 4)
  }

  @Test("are made for a schedule that is new to a directory, and not for those that watch it already")
  func newSchedule() async throws {
    try files.write("in/1", age: 3600)
    try await files.watch([files.rule()])
    #expect(try await files.names(until: "1") == ["1"])
    try await files.watch([files.rule(), files.rule("b")])
    #expect(try await files.names(of: "b", until: "1") == ["1"])
    try files.write("in/2")
    #expect(try await files.names(until: "2") == ["2"])
  }

  @Test("are not needed while a directory stays watched: nothing is lost")
  func rewatch() async throws {
    try await files.watch([files.rule()])
    for number in 0..<2000 {
      try files.write("in/\(number)")
      if number % 10 == 0 {
        files.source.watch(
          [files.rule(since: files.changed("in/\(number)") + .seconds(3600))]
            + (number % 20 == 0 ? [files.rule("b", "in", "none")] : []))
      }
    }
    let identities = try await files.identities(2000)
    #expect(identities.values.allSatisfy { $0 == 1 })
  }

  @Test("are made when a directory is there at last, with a notice before and after")
  func missing() async throws {
    files.source.watch([files.rule("a", "above/late")])
    #expect(
      try await files.notice()
        == "schedule `a`: the directory `above/late` can't be watched: No such file or directory; make it, "
        + "or name another one in `files.directory`; it is tried again by itself")
    mkdir(files.path("above"), 0o755)
    mkdir(files.path("staged"), 0o755)
    try files.write("staged/1", age: 3600)
    rename(files.path("staged"), files.path("above/late"))
    #expect(
      try await files.notice()
        == "schedule `a`: the directory `above/late` is watched again; its files are looked at")
    #expect(try await files.names(until: "1") == ["1"])
    try files.write("above/late/2")
    #expect(try await files.names(until: "2").last == "2")
  }

  @Test("are made when a directory was removed, or moved away, and is there again", arguments: [true, false])
  func again(isRemoved: Bool) async throws {
    try await files.watch([files.rule()])
    try files.write("in/1")
    #expect(try await files.names(until: "1") == ["1"])
    if isRemoved {
      for name in ["in/1", "in/.ready"] { unlink(files.path(name)) }
      rmdir(files.path("in"))
    } else {
      rename(files.path("in"), files.path("away"))
    }
    let notices = [try await files.notice(), try await files.notice()]
    #expect(notices.allSatisfy { $0.contains("the directory `in` can't be watched: No such file") })
    if !isRemoved { try files.write("away/lost") }
    mkdir(files.path("new"), 0o755)
    try files.write("new/2")
    rename(files.path("new"), files.path("in"))
    #expect(try await files.notice().hasSuffix("is watched again; its files are looked at"))
    try files.write("in/3")
    var names: Set<String> = []
    while names.count < 2 { names.insert(try await files.next { $0.schedule == "a" }.name) }
    #expect(names == ["2", "3"])
  }

  @Test("are made of what a link leads to, when it leads somewhere, and when elsewhere")
  func link() async throws {
    symlink(files.path("target"), files.path("link"))
    files.source.watch([files.rule("a", "link")])
    #expect(try await files.notice().contains("No such file or directory"))
    mkdir(files.path("target"), 0o755)
    #expect(try await files.notice().contains("is watched again"))
    mkdir(files.path("other"), 0o755)
    try files.write("other/1", age: 3600)
    symlink(files.path("other"), files.path("link.new"))
    rename(files.path("link.new"), files.path("link"))
    #expect(try await files.notice().contains("another directory is at `link` now"))
    #expect(try await files.names(until: "1") == ["1"])
  }

  @Test("are made when a file system is mounted over a directory, and when it is gone")
  func mounts() async throws {
    try await files.watch([files.rule()])
    // `SmallDisk` makes the directory itself.
    try #require(mount("small", files.path("in"), "tmpfs", 0, "size=64k") == 0)
    #expect(try await files.notice().contains("another directory is at `in` now"))
    _ = try await files.notice()
    try files.write("in/1")
    #expect(try await files.names(until: "1").last == "1")
    try #require(umount2(files.path("in"), Int32(MNT_DETACH)) == 0)
    // The table of mounts may tell first.
    let notice = try await files.notice()
    #expect(
      notice.contains("the file system of `in` was unmounted") || notice.contains("another directory is"))
    _ = try await files.notice()
    try files.write("in/2")
    #expect(try await files.names(until: "2").last == "2")
  }

  @Test("of a file in the place of a directory are a notice")
  func noDirectory() async throws {
    try files.write("file")
    files.source.watch([files.rule("a", "file")])
    #expect(try await files.notice().contains("can't be watched: Not a directory; put a directory there"))
    unlink(files.path("file"))
    #expect(try await files.notice().contains("No such file or directory"))
  }

  @Test("of the runner's own directory and of the kernel's are refused, also behind links")
  func forbidden() async throws {
    let files = try WatchedFiles(state: "state")
    mkdir(files.path("state"), 0o755)
    mkdir(files.path("state/logs"), 0o755)
    symlink(files.path("state/logs"), files.path("link"))
    mkdir(files.path("state-of-others"), 0o755)
    try files.write("state-of-others/1", age: 3600)
    files.source.watch([
      files.rule("1", "state"), files.rule("2", "link"), files.rule("3", "/proc/self"),
      files.rule("4", "/sys"), files.rule("5", "state-of-others"),
    ])
    var notices: [String] = []
    for _ in 0..<4 { notices.append(try await files.notice()) }
    #expect(notices.count { $0.contains("it is the runner's own; name another one") } == 2)
    #expect(notices.count { $0.contains("it is no directory of files; name another one") } == 2)
    #expect(try await files.names(of: "5", until: "1") == ["1"])
  }
}
