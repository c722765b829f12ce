import Foundation
import MillraceCore

/// The time zones of this machine, for tests.
enum TestZones {
  private static let directory = "/usr/share/zoneinfo/"

  /// Returns the bytes of a zone's file.
  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: directory + name)))
  }

  /// Returns the rules of a zone.
  static func rules(_ name: String) throws -> ZoneRules { try ZoneRules(bytes: try bytes(name)) }

  /// Zones with something odd: half an hour of daylight saving, less than none, changes at midnight or in a
  /// month of fasting, a day that is not there, three hours at once, none at all.
  static let odd = [
    "Europe/Riga", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Europe/Dublin",
    "Asia/Hebron", "Asia/Tehran", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Beirut", "America/Sao_Paulo",
    "America/Santiago", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "Antarctica/Troll",
    "Antarctica/Casey", "America/Caracas", "Asia/Pyongyang", "America/Scoresbysund", "Africa/Cairo", "UTC",
  ]
}
