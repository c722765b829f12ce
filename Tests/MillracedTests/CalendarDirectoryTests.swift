import FoundationEssentials
import Glibc
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import millraced

@Suite("Calendars in files", .timeLimit(.minutes(1)))
struct CalendarDirectoryTests {
  private typealias Place = SchedulePlace

  private static func event(_ lines: String) -> String {
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n\(lines)\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
  }

  private func has(_ place: Place, _ name: String, _ day: Int) throws -> Bool {
    try place.source.calendar(named: name).contains(#require(CivilDate(year: 2026, month: 12, day: day)))
  }

  private func refusal(_ place: Place, _ name: String) throws -> Refusal? {
    #expect(throws: Refusal.self) { try place.source.calendar(named: name) }
  }

  @Test("are there as soon as the directory is read, in YAML and in iCalendar")
  func first() throws {
    let place = try Place { path in
      try Place.write(path + "/calendars/a.yaml", "dates: [2026-12-25]")
      try Place.write(path + "/calendars/b.ics", Self.event("DTSTART:20261226"))
    }
    #expect(try has(place, "a", 25))
    #expect(try !has(place, "a", 26))
    #expect(try has(place, "b", 26))
  }

  @Test("that change are told, and keep their last content while they have mistakes")
  func changes() async throws {
    let place = try Place { try Place.write($0 + "/calendars/a.yaml", "dates: [2026-12-25]") }
    try await place.watched {
      #expect(try await place.next() == "files: ")
      try place.replace("calendars/a.yaml", "dates: [2026-12-26]")
      #expect(try await place.next() == "surroundings")
      #expect(try has(place, "a", 26))
      try place.replace("calendars/a.yaml", "dates: [2026-12-26, 2026-13-01]")
      let notice = try await place.next()
      #expect(notice.hasPrefix("calendars/a.yaml:1:21: `dates` must have days like"))
      #expect(notice.hasSuffix("not `2026-13-01`; its last good content stays in force"))
      #expect(try has(place, "a", 26))
      unlink(place.path("calendars/a.yaml"))
      #expect(try await place.next() == "surroundings")
      #expect(try refusal(place, "a")?.message == "there is no calendar `a`")
      try place.replace("calendars/a.ics", Self.event("DTSTART:20261227"))
      #expect(try await place.next() == "surroundings")
      #expect(try has(place, "a", 27))
    }
  }

  @Test("that never were without mistakes can't be used, and it is told why")
  func neverGood() async throws {
    let place = try Place { path in
      try Place.write(path + "/calendars/a.ics", Self.event("DTSTART:20261226\r\nRRULE:FREQ=HOURLY"))
      try Place.write(path + "/calendars/B.yaml", "dates: [2026-12-25]")
    }
    #expect(try await place.next() == "files: ")
    #expect(
      try await place.next()
        == "calendars/B.yaml:1:1: `B` can't be a calendar's name: 1 to 64 of `a-z 0-9 - _ .`, a letter "
        + "first; nothing of it is in force")
    let wrong =
      "calendars/a.ics:4:12: `FREQ` must be one of YEARLY, MONTHLY, WEEKLY, DAILY, not `HOURLY`; nothing "
      + "of it is in force"
    #expect(try await place.next() == wrong)
    let refusal = try refusal(place, "a")
    #expect(refusal?.kind == .invalid)
    #expect(refusal?.message == "the calendar `a` can't be used: \(place.directory.path)/\(wrong)")
  }

  @Test("that have one name are told: the first by file counts")
  func doubles() async throws {
    let place = try Place { path in
      try Place.write(path + "/calendars/a.yaml", "dates: [2026-12-25]")
      try Place.write(path + "/calendars/a.ics", Self.event("DTSTART:20261226"))
    }
    #expect(try has(place, "a", 26))
    #expect(try await place.next() == "files: ")
    #expect(
      try await place.next()
        == "calendars/a.yaml:1:1: `a.ics` is the calendar `a` already; nothing of this file is in force")
  }

  @Test("that are not there are named, with one that is near")
  func missing() throws {
    let place = try Place { try Place.write($0 + "/calendars/holidays.yaml", "dates: []") }
    let refusal = try refusal(place, "holiday")
    #expect(refusal?.kind == .invalid)
    #expect(refusal?.message == "there is no calendar `holiday`, did you mean `holidays`?")
    #expect(
      refusal?.hint == "put `holiday.yaml` or `holiday.ics` into `\(place.directory.path)/calendars`")
  }

  @Test("have no names that lead elsewhere", arguments: ["../a", "..", "a/b", "/etc/passwd", "", "a\0", "A"])
  func names(name: String) throws {
    let place = try Place { path in
      try Place.write(path + "/a.yaml", "dates: [2026-12-25]")
      mkdir(path + "/calendars/a", 0o755)
      try Place.write(path + "/calendars/a/b.yaml", "dates: [2026-12-25]")
    }
    #expect(try refusal(place, name)?.message.contains("can't be a calendar's name") ?? false)
  }

  @Test("of 10 MB are refused by their size, before they are read")
  func long() async throws {
    // One of an endless size would never be read to its end.
    for size in [10 << 20, 1 << 40] {
      let place = try Place { path in
        try Place.write(path + "/calendars/a.ics", Self.event("DTSTART:20261226"))
        try #require(truncate(path + "/calendars/a.ics", size) == 0)
      }
      #expect(try await place.next() == "files: ")
      #expect(
        try await place.next()
          == "cannot use the calendar in `calendars/a.ics`: it is over 1048576 bytes long; nothing of it "
          + "is in force")
    }
  }

  @Test("of 1 MiB are read")
  func largest() throws {
    let text = Self.event("DTSTART:20261226")
    let line = "X-NOTHING:0123456789012345678901234567890123456789\r\n"
    let filler = String(repeating: line, count: ((1 << 20) - text.utf8.count) / line.utf8.count)
    let place = try Place { path in
      try Place.write(
        path + "/calendars/a.ics", text.replacing("BEGIN:VEVENT", with: filler + "BEGIN:VEVENT"))
    }
    #expect(try has(place, "a", 26))
  }
}
