import FoundationEssentials
import Glibc
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import millraced

@Suite("Time zones of schedules", .timeLimit(.minutes(1)))
struct ScheduleZoneTests {
  private typealias Place = SchedulePlace

  /// Puts a zone of this machine in the place of one of the test.
  private static func copy(_ zone: String, to path: String) throws {
    let incoming = path + ".new"
    try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/\(zone)")).write(to: URL(filePath: incoming))
    try #require(rename(incoming, path) == 0)
  }

  /// The hours east of UTC on 2026-01-01.
  private func hours(_ place: Place, _ name: String) throws -> Int {
    try place.source.zone(named: name).offset(at: Timestamp(microseconds: 1_767_225_600_000_000)) / 3600
  }

  @Test("are those of the machine's directory; the empty name is the machine's own")
  func names() throws {
    let place = try Place { path in
      try Self.copy("Europe/Riga", to: path + "/zones/Europe/Riga")
      try Self.copy("Asia/Tokyo", to: path + "/zones/Tokyo")
      symlink(path + "/zones/Tokyo", path + "/localtime")
    }
    #expect(try hours(place, "Europe/Riga") == 2)
    #expect(try hours(place, "") == 9)
  }

  @Test(
    "that are unknown, or no names, are refused",
    arguments: [
      ("Europe/Rига", "it is no name of a zone"), ("../../etc/passwd", "it is no name of a zone"),
      ("/etc/localtime", "it is no name of a zone"),
      ("Europe/Rga", "there is no such zone, did you mean `Europe/Riga`?"),
      ("Europe", "it is no file"), ("Bad", "it is no file of a time zone (TZif)"),
    ])
  func refused(name: String, why: String) throws {
    let place = try Place { path in
      try Self.copy("Europe/Riga", to: path + "/zones/Europe/Riga")
      try Place.write(path + "/zones/Bad", "rubbish")
    }
    let refusal = #expect(throws: Refusal.self) { try place.source.zone(named: name) }
    #expect(refusal?.kind == .invalid)
    #expect(refusal?.message == "cannot use the time zone `\(name)`: \(why)")
    #expect(refusal?.hint != nil)
  }

  @Test("that get another file are told, also behind a link; the same rules again are no change")
  func changes() async throws {
    let place = try Place { path in
      try Self.copy("Europe/Riga", to: path + "/zones/Europe/Riga")
      symlink("Europe/Riga", path + "/zones/Latvia")
      symlink(path + "/zones/Latvia", path + "/localtime")
    }
    try await place.watched {
      #expect(try await place.next() == "files: ")
      #expect(try hours(place, "Latvia") == 2)
      #expect(try hours(place, "") == 2)
      try Self.copy("Europe/Riga", to: place.path("zones/Europe/Riga"))
      try Self.copy("Asia/Tokyo", to: place.path("zones/Europe/Riga"))
      #expect(try await place.next() == "surroundings")
      #expect(try hours(place, "Latvia") == 9)
      #expect(try hours(place, "") == 9)
      symlink(place.path("zones/UTC"), place.path("link"))
      try Self.copy("UTC", to: place.path("zones/UTC"))
      rename(place.path("link"), place.path("localtime"))
      #expect(try await place.next() == "surroundings")
      #expect(try hours(place, "") == 0)
      #expect(try hours(place, "Latvia") == 9)
    }
  }

  @Test("whose files become worse keep their rules, and are told once")
  func worse() async throws {
    let place = try Place { try Self.copy("Asia/Tokyo", to: $0 + "/zones/Tokyo") }
    #expect(try await place.next() == "files: ")
    #expect(try hours(place, "Tokyo") == 9)
    try place.replace("zones/Tokyo", "rubbish")
    place.source.lookAtZones()
    place.source.lookAtZones()
    #expect(try hours(place, "Tokyo") == 9)
    try Self.copy("UTC", to: place.path("zones/Tokyo"))
    #expect(
      try await place.next()
        == "cannot use the time zone `Tokyo`: it is no file of a time zone (TZif); the rules that it had "
        + "last stay in force")
    place.source.lookAtZones()
    #expect(try await place.next() == "surroundings")
    #expect(try hours(place, "Tokyo") == 0)
  }
}
