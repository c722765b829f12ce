import MillraceCore
import MillraceEngine
import MillraceLinux
import MillraceZones
import Synchronization

/// Schedules and calendars in files, and the time zones of the machine.
///
/// Directories and files are held to the rules of the plugin directory: of root or the runner's own user, and
/// written by nobody else. A directory need not be there.
final class ScheduleDirectory: ScheduleSource {
  private let zones: ZoneCache
  private let watch: FileWatch
  private let settle: Duration
  private let pending = PendingChanges()
  private let files: Mutex<Files>

  private struct Files {
    var schedules: LastGoodFiles<ScheduleInFile>
    var calendars: LastGoodFiles<DayCalendar>
    /// The schedules by file as they were handed out last; nil if never.
    var handedOut: [String: ScheduleDefinition]?
  }

  /// Zones are looked at so often at most, unless something rings.
  private static let lookInterval = Duration.seconds(60)

  /// Reads the files for the first time.
  ///
  /// - Parameters:
  ///   - schedules: the directory of the schedules: `NAME.yaml`.
  ///   - calendars: the directory of the calendars: `NAME.yaml`, `NAME.ics`.
  ///   - zones: the files of the time zones.
  ///   - variable: what `TZ` says; nil if it is not set.
  ///   - settle: how long files rest after a change before they are read.
  /// - Throws: `LinuxError` if the directories can't be watched.
  init(
    schedules: String, calendars: String, zones: ZoneDirectory, variable: String?,
    settle: Duration = .milliseconds(100)
  ) throws {
    let cache = ZoneCache(zones, variable: variable)
    self.zones = cache
    self.settle = settle
    watch = try FileWatch()
    files = Mutex(
      Files(
        schedules: .schedules(in: schedules),
        calendars: .calendars(in: calendars) { name in
          try? cache.zone(named: name).rules  // The calendar tells that it needs it.
        }))
    try read()
  }

  /// Reads the files again after each change, until cancelled.
  /// - Throws: `LinuxError` if the directories can't be watched any more.
  func run() async throws {
    while await watch.nextRing() {
      do { try await Task.sleep(for: settle) } catch { return }  // It is cancelled.
      try read()
      lookAtZones()
    }
  }

  var changes: AsyncStream<ScheduleSourceChange> { AsyncStream { [pending] in await pending.next() } }

  // MARK: Files

  private func read() throws {
    try follow()
    let old = files.withLock { $0 }
    var new = old
    let notices = new.calendars.read { $0.doubles } + new.schedules.read { $0.doubles }
    let schedules = new.schedules.schedules
    new.handedOut = Dictionary(uniqueKeysWithValues: schedules.map { ($0.file, $0.definition) })
    files.withLock { $0 = new }
    // Whoever hears of a change asks at once for what has changed.
    if old.handedOut != nil, new.calendars.calendars != old.calendars.calendars { pending.put(.surroundings) }
    let unreadable = new.schedules.unreadable
    if new.handedOut != old.handedOut || unreadable != old.schedules.unreadable {
      pending.put(.files(schedules, unreadable: unreadable))
    }
    for notice in notices { pending.put(.notice(notice)) }
  }

  private func follow() throws {
    let directories = files.withLock { [$0.schedules.directory, $0.calendars.directory] }
    try watch.follow(directories + zones.directories)
  }

  func calendar(named name: String) throws -> DayCalendar {
    let calendars = files.withLock { $0.calendars }
    let all = calendars.calendars
    if let calendar = all[name] { return calendar }
    guard Handler.isValidName(name) else {
      throw Refusal(
        .invalid, "`\(name)` can't be a calendar's name: 1 to 64 of `a-z 0-9 - _ .`, a letter first")
    }
    if let complaint = calendars.complaint(ofCalendar: name) {
      throw Refusal(.invalid, "the calendar `\(name)` can't be used: \(complaint)")
    }
    throw Refusal(
      .invalid,
      "there is no calendar `\(name)`" + (Spelling.question(about: name, among: all.keys.sorted()) ?? ""),
      hint: "put `\(name).yaml` or `\(name).ics` into `\(calendars.directory)`")
  }

  // MARK: Zones

  func zone(named name: String) throws -> ZoneRules {
    if zones.isDue(after: Self.lookInterval) { lookAtZones() }
    do throws(ZoneError) {
      let (rules, isNew) = try zones.zone(named: name)
      if !isNew { return rules }
    } catch {
      throw Refusal(.invalid, error.message, hint: error.hint)
    }
    do { try follow() } catch {
      // Its changes are still found once a minute, when a zone is asked for.
      pending.put(.notice("changes of the time zone `\(name)` are not noticed at once: \(error)"))
    }
    lookAtZones()  // It may have changed before it was watched.
    return try zones.zone(named: name).rules
  }

  /// Reads time zones again whose files have changed; also to be called when the clock was set.
  func lookAtZones() {
    let finding = zones.look()
    if finding.hasChanged { pending.put(.surroundings) }
    for notice in finding.notices { pending.put(.notice(notice)) }
  }
}
