import Foundation
import MillraceCore
import TestSupport
import Testing

@testable import MillraceZones

@Suite("The time zones of the machine")
struct ZoneDirectoryTests {
  private static let zones = ZoneDirectory()

  /// 1 July 2021.
  private static let summer = Timestamp(microseconds: 1_625_097_600_000_000)

  /// A directory with the zones `Europe/Riga` and `UTC`, and a machine whose zone is Riga's.
  private struct Machine {
    let directory: TemporaryDirectory
    let zones: ZoneDirectory

    init() throws {
      directory = try TemporaryDirectory()
      zones = ZoneDirectory(path: directory.path + "/zoneinfo", localTime: directory.path + "/localtime")
      try FileManager.default.createDirectory(
        atPath: zones.path + "/Europe", withIntermediateDirectories: true)
      for name in ["Europe/Riga", "UTC"] { try copy(name, to: name) }
      try link(to: "Europe/Riga")
    }

    /// Puts the file of a zone in place of another, as a package manager does it.
    func copy(_ name: String, to other: String) throws {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(ZoneDirectory().path)/\(name)"))
      try bytes.write(to: URL(fileURLWithPath: "\(zones.path)/\(other)"), options: .atomic)
    }

    func link(to target: String) throws {
      unlink(zones.localTime)
      #expect(symlink("\(zones.path)/\(target)", zones.localTime) == 0)
    }
  }

  private static func message(_ body: () throws(ZoneError) -> LoadedZone) -> String? {
    do throws(ZoneError) {
      _ = try body()
      return nil
    } catch {
      return error.message
    }
  }

  @Test("are read by their names")
  func names() throws {
    let riga = try Self.zones.zone("Europe/Riga")
    #expect(riga.name == "Europe/Riga")
    #expect(riga.rules.offset(at: Self.summer) == 10_800)
    #expect(!riga.hasChanged)
    for name in Self.zones.names { #expect(throws: Never.self) { try Self.zones.zone(name) } }
    #expect(Self.zones.names.count > 300)
    #expect(Self.zones.names.contains("America/Argentina/Ushuaia"))
  }

  @Test(
    "have names, not paths",
    arguments: [
      "", "/etc/passwd", "/usr/share/zoneinfo/UTC", "../zoneinfo/UTC", "Europe/../UTC", "Europe/..", ".",
      "..",
      "./UTC", "Europe//Riga", "Europe/", "UTC ", "Eur\u{f6}pe", "UTC\n", "a\0b",
      String(repeating: "a", count: 101),
    ])
  func paths(name: String) {
    #expect(
      Self.message { () throws(ZoneError) in try Self.zones.zone(name) }?.hasSuffix(
        ": it is no name of a zone") == true)
  }

  @Test(
    "that are not known are asked for",
    arguments: [
      ("Europe/Rigaa", "Europe/Riga"), ("europe/riga", "Europe/Riga"), ("EUROPE/RIGA", "Europe/Riga"),
      ("Riga", "Europe/Riga"), ("Amerika/New_York", "America/New_York"),
      ("America/NewYork", "America/New_York"),
      ("utc", "UTC"),
    ])
  func unknown(name: String, near: String) {
    let message = Self.message { () throws(ZoneError) in try Self.zones.zone(name) }
    #expect(message == "cannot use the time zone `\(name)`: there is no such zone, did you mean `\(near)`?")
  }

  @Test("are not read from what is no file of a zone")
  func noZones() throws {
    let machine = try Machine()
    func message(_ name: String) -> String? {
      Self.message { () throws(ZoneError) in try machine.zones.zone(name) }
    }
    #expect(message("Europe") == "cannot use the time zone `Europe`: it is no file")
    try Data("x".utf8).write(to: URL(fileURLWithPath: machine.zones.path + "/Broken"))
    #expect(message("Broken") == "cannot use the time zone `Broken`: it is no file of a time zone (TZif)")
    #expect(mkfifo(machine.zones.path + "/Pipe", 0o600) == 0)
    #expect(message("Pipe") == "cannot use the time zone `Pipe`: it is no file")
    try Data(count: 2 << 20).write(to: URL(fileURLWithPath: machine.zones.path + "/Large"))
    #expect(
      message("Large") == "cannot use the time zone `Large`: the file is larger than those of zones are")
    let nothing = ZoneDirectory(path: machine.directory.path + "/nothing")
    let error = #expect(throws: ZoneError.self) { try nothing.zone("UTC") }
    #expect(error?.reason == .unknown(near: nil))
    #expect(error?.hint.contains("install the package `tzdata`") == true)
  }

  @Test("one's own is that of TZ, else the machine's, else UTC")
  func own() throws {
    let machine = try Machine()
    func name(_ variable: String?) throws -> String { try machine.zones.ownZone(variable: variable).name }
    #expect(try name(nil) == "Europe/Riga")
    #expect(try name("UTC") == "UTC")
    #expect(try name(":UTC") == "UTC")
    #expect(try name(":" + machine.zones.localTime) == "Europe/Riga")
    #expect(try name(machine.zones.path + "/UTC") == "UTC")
    #expect(try name("EST5EDT,M3.2.0,M11.1.0") == "EST5EDT,M3.2.0,M11.1.0")
    #expect(throws: ZoneError.self) { try name("/etc/passwd") }
    #expect(throws: ZoneError.self) { try name("Europe/Rigaa") }
    try machine.link(to: "Europe/../UTC")
    #expect(try name(nil) == "localtime")
    unlink(machine.zones.localTime)
    let utc = try machine.zones.ownZone(variable: nil)
    #expect(utc.name == "UTC")
    #expect(utc.rules == .utc)
    #expect(!utc.hasChanged)
    try machine.link(to: "Europe/Riga")
    #expect(utc.hasChanged)
  }

  @Test("tell when their file changes")
  func changes() throws {
    let machine = try Machine()
    let (riga, own) = (try machine.zones.zone("Europe/Riga"), try machine.zones.ownZone(variable: nil))
    let utc = try machine.zones.zone("UTC")
    #expect(!riga.hasChanged && !own.hasChanged && !utc.hasChanged)
    try machine.copy("Asia/Kolkata", to: "Europe/Riga")
    #expect(riga.hasChanged && own.hasChanged && !utc.hasChanged)
    #expect(try machine.zones.zone("Europe/Riga").rules.offset(at: Self.summer) == 19_800)
    let other = try machine.zones.ownZone(variable: nil)
    try machine.link(to: "UTC")
    #expect(other.hasChanged)
    unlink(machine.zones.path + "/UTC")
    #expect(utc.hasChanged)
  }
}
