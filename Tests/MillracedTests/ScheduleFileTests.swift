import Glibc
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import millraced

@Suite("Schedules in files", .timeLimit(.minutes(1)))
struct ScheduleFileTests {
  private typealias Place = SchedulePlace

  @Test("are read at once, in the order of their files; other files do not count")
  func first() async throws {
    let place = try Place { path in
      try Place.write(path + "/schedules/b.yaml", Place.schedule(every: 2))
      try Place.write(path + "/schedules/a.yaml", Place.schedule(every: 1, rest: "name: z\n"))
      try Place.write(path + "/schedules/c.yaml.disabled", "rubbish")
      try Place.write(path + "/schedules/.hidden.yaml", "rubbish")
      try Place.write(path + "/schedules/README", "rubbish")
    }
    #expect(try await place.next() == "files: schedules/a.yaml z 1 min 0 s, schedules/b.yaml b 2 min 0 s")
  }

  @Test("are none without a directory, which is told nevertheless")
  func none() async throws {
    let place = try Place { rmdir($0 + "/schedules") }
    #expect(try await place.next() == "files: ")
  }

  @Test("are in use when they are written, replaced, renamed, and no longer when they are removed")
  func changes() async throws {
    let place = try Place()
    try await place.watched {
      #expect(try await place.next() == "files: ")
      try place.write("schedules/a.yaml", Place.schedule(every: 1))
      try await place.wait(for: "files: schedules/a.yaml a 1 min 0 s")
      try place.replace("schedules/a.yaml", Place.schedule(every: 2))
      #expect(try await place.next() == "files: schedules/a.yaml a 2 min 0 s")
      rename(place.path("schedules/a.yaml"), place.path("schedules/b.yaml"))
      #expect(try await place.next() == "files: schedules/b.yaml b 2 min 0 s")
      unlink(place.path("schedules/b.yaml"))
      #expect(try await place.next() == "files: ")
    }
  }

  @Test("are found in a directory that is made later, removed, and made again")
  func directory() async throws {
    let place = try Place { rmdir($0 + "/schedules") }
    try await place.watched {
      #expect(try await place.next() == "files: ")
      for minutes in 1...2 {
        mkdir(place.path("schedules"), 0o755)
        try place.replace("schedules/a.yaml", Place.schedule(every: minutes))
        try await place.wait(for: "files: schedules/a.yaml a \(minutes) min 0 s")
        rename(place.path("schedules"), place.path("old\(minutes)"))
        #expect(try await place.next() == "files: ")
      }
    }
  }

  @Test("with mistakes keep their last content, and are told with each place, once")
  func lastGood() async throws {
    let place = try Place()
    try await place.watched {
      try place.replace("schedules/a.yaml", Place.schedule(every: 1))
      try await place.wait(for: "files: schedules/a.yaml a 1 min 0 s")
      try place.replace("schedules/a.yaml", "every: 0s\njob:\n  handler: Exec\nevry: 1\n")
      let notice = try await place.next()
      #expect(notice.hasPrefix("schedules/a.yaml:1:8: `every` must be a span"))
      #expect(notice.contains("; schedules/a.yaml:4:1: there is no setting `evry`, did you mean `every`?"))
      #expect(notice.hasSuffix("; its last good content stays in force"))
      // What changes elsewhere does not tell it again.
      try place.replace("schedules/b.yaml", Place.schedule(every: 2))
      #expect(try await place.next() == "files: schedules/a.yaml a 1 min 0 s, schedules/b.yaml b 2 min 0 s")
      try place.replace("schedules/a.yaml", Place.schedule(every: 3))
      #expect(try await place.next() == "files: schedules/a.yaml a 3 min 0 s, schedules/b.yaml b 2 min 0 s")
    }
  }

  @Test(
    "that never were without mistakes are not in force",
    arguments: [
      ("a.yaml", "", "schedules/a.yaml: there is nothing in it"),
      ("a.yaml", "a: [", "schedules/a.yaml:2:1: this is no YAML"),
      ("a.yaml", "- x", "schedules/a.yaml:1:1: the file must have names with values below it"),
      ("a.yaml", "every: 1m\n", "schedules/a.yaml:1:1: `job` is missing"),
      ("A b.yaml", Place.schedule(every: 1), "schedules/A b.yaml:1:1: `A b` can't be a name"),
      (
        "a.yaml", Place.schedule(every: 1, rest: "name: ../x\n"),
        "schedules/a.yaml:3:7: `name` must be a name"
      ),
    ])
  func neverGood(file: String, text: String, start: String) async throws {
    let place = try Place { try Place.write("\($0)/schedules/\(file)", text) }
    #expect(try await place.next() == "files: ; not schedules/\(file)")
    let notice = try await place.next()
    #expect(notice.hasPrefix(start), "\(notice)")
    #expect(notice.hasSuffix("; only what is on record of it is in force"))
  }

  @Test("that have one name are told: the first counts, until it is gone")
  func doubles() async throws {
    let place = try Place { path in
      try Place.write(path + "/schedules/a.yaml", Place.schedule(every: 1, rest: "name: x\n"))
      try Place.write(path + "/schedules/b.yaml", "name: x\n" + Place.schedule(every: 2))
    }
    try await place.watched { () async throws in
      #expect(try await place.next() == "files: schedules/a.yaml x 1 min 0 s")
      #expect(
        try await place.next()
          == "schedules/b.yaml:1:7: `a.yaml` has the schedule `x` already; nothing of this file is in force")
      unlink(place.path("schedules/a.yaml"))
      #expect(try await place.next() == "files: schedules/b.yaml x 2 min 0 s")
    }
  }

  @Test("are not taken from a directory that others may write to, until they may not")
  func rights() async throws {
    let place = try Place { path in
      chmod(path + "/schedules", 0o777)
      try Place.write(path + "/schedules/a.yaml", Place.schedule(every: 1))
    }
    try await place.watched { () async throws in
      #expect(try await place.next() == "files: ; not schedules")
      #expect(
        try await place.next()
          == "cannot use the directory of schedules `schedules`: others may write to it; what was read of it "
          + "before stays in force")
      chmod(place.path("schedules"), 0o755)
      #expect(try await place.next() == "files: schedules/a.yaml a 1 min 0 s")
    }
  }

  @Test("that could not be read when the runner started are told anew when they are gone")
  func unreadableGone() async throws {
    let place = try Place { path in
      try Place.write(path + "/schedules/a.yaml", "rubbish")
      try Place.write(path + "/schedules/b.yaml", Place.schedule(every: 2))
    }
    try await place.watched { () async throws in
      #expect(try await place.next() == "files: schedules/b.yaml b 2 min 0 s; not schedules/a.yaml")
      #expect(try await place.next().hasPrefix("schedules/a.yaml:1:1: "))
      unlink(place.path("schedules/a.yaml"))
      #expect(try await place.next() == "files: schedules/b.yaml b 2 min 0 s")
    }
  }

  @Test("are told anew when their directory may be read, also if it is empty")
  func refusedEmpty() async throws {
    let place = try Place { chmod($0 + "/schedules", 0o777) }
    try await place.watched { () async throws in
      #expect(try await place.next() == "files: ; not schedules")
      #expect(try await place.next().hasPrefix("cannot use the directory of schedules `schedules`"))
      chmod(place.path("schedules"), 0o755)
      #expect(try await place.next() == "files: ")
    }
  }

  @Test("are not known where their directory can't be reached")
  func unreachable() async throws {
    let place = try Place { path in
      rmdir(path + "/schedules")
      symlink("schedules", path + "/schedules")
    }
    #expect(try await place.next() == "files: ; not schedules")
    #expect(try await place.next().hasPrefix("cannot list `schedules`: Too many levels of symbolic links"))
  }

  @Test("are not taken from what is no plain file of the runner's own user, or too long")
  func kinds() async throws {
    let place = try Place { path in
      try Place.write(path + "/good", Place.schedule(every: 1))
      symlink(path + "/good", path + "/schedules/a-link.yaml")
      mkfifo(path + "/schedules/b-pipe.yaml", 0o644)
      mkdir(path + "/schedules/c-directory.yaml", 0o755)
      try Place.write(path + "/schedules/d-open.yaml", Place.schedule(every: 1))
      chmod(path + "/schedules/d-open.yaml", 0o666)
      try Place.write(path + "/schedules/e-long.yaml", Place.schedule(every: 1))
      truncate(path + "/schedules/e-long.yaml", 10 << 20)
      try Place.write(path + "/schedules/f-suffix.yml", Place.schedule(every: 1))
    }
    let names = ["a-link", "b-pipe", "c-directory", "d-open", "e-long"]
    #expect(
      try await place.next() == "files: " + names.map { "; not schedules/\($0).yaml" }.joined())
    var notices: [String] = []
    for _ in 1...6 { notices.append(try await place.next()) }
    let reasons = [
      "it is a symbolic link", "it is no regular file", "it is no regular file", "others may write to it",
      "it is over 1048576 bytes long", "its name must end with `.yaml`",
    ]
    for (notice, reason) in zip(notices, reasons) { #expect(notice.contains(reason), "\(notice)") }
  }

  @Test("bring at most a hundred notices at once, and say how many more there were")
  func manyNotices() async throws {
    let pending = PendingChanges()
    for number in 1...150 { pending.put(.notice("\(number)")) }
    pending.put(.surroundings)
    var words: [String] = []
    for _ in 1...102 {
      switch await pending.next() {
      case .notice(let notice)?: words.append(notice)
      case .surroundings?: words.append("surroundings")
      case .files?, nil: Issue.record("another change")
      }
    }
    #expect(words.first == "surroundings")
    #expect(words.last == "50 more notices of files of schedules and calendars were dropped")
  }
}
