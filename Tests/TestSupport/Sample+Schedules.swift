package import MillraceCore
package import MillraceEngine

extension Sample {
  /// What somebody wrote: an hourly job of the handler `noop` unless `members` say otherwise.
  package static func definition(
    _ name: String = "nightly", _ members: [String: JSONValue] = [:]
  ) throws(Mistakes) -> ScheduleDefinition {
    let timings = ["cron", "every", "at", "event", "files", "webhook"]
    var all: [String: JSONValue] = ["name": .string(name), "job": .object(["handler": .string("noop")])]
    if !timings.contains(where: { members[$0] != nil }) { all["every"] = .string("1h") }
    return try ScheduleDefinition(
      PlacedValue(.object(all.merging(members) { $1 }), at: .start))
  }

  /// A claim of the time so many seconds after 2026-01-01: with a plain job if its fate has one.
  package static func claim(
    _ seconds: Int64, of schedule: Schedule, _ fate: Fate = .ran, decided: Int64? = nil
  ) -> Claim {
    var after = schedule
    after.decided = time(seconds)
    if fate.hasJob { after.runs += 1 }
    return Claim(
      tick: Tick(
        schedule: schedule.id, nominal: time(seconds), local: "second \(seconds)", fate: fate,
        decided: time(decided ?? seconds), note: fate.hasJob ? nil : "not at \(seconds)"),
      schedule: after, submission: fate.hasJob ? plain() : nil)
  }
}
