import MillraceCore

extension Engine {
  /// Notes that the end of a job will be on record, and that it is announced if somebody wants to know.
  func noteEnd(of job: JobID, as state: JobState) {
    backlog.ended.append(job)
    meters.ended(as: state)
    guard let parts = ports.schedules, let event = CloudEvent.BuiltIn(endAs: state),
      scheduleBook.timetable.wants(event)
    else { return }
    backlog.changes.append(.announcedEnd(job, at: parts.wall.now()))
  }

  /// Announces the handlers of builds that were never in use, if somebody wants to know.
  func announce(_ catalog: Catalog) async {
    guard let parts = ports.schedules, scheduleBook.timetable.wants(.handlerLoaded) else { return }
    let new = catalog.plugins.filter { !inUse.plugins.contains($0) }
    guard !new.isEmpty else { return }
    do {
      let known = Set(try await ports.store.plugins().map(\.sha256))
      for plugin in new where !known.contains(plugin.sha256) {
        for handler in plugin.handlers {
          backlog.changes.append(.announced(CloudEvent(handler, of: plugin), at: parts.wall.now()))
        }
      }
    } catch {
      _ = refusal(for: error)
    }
  }

  /// Announces that memory is as short as can be, when it becomes so and somebody wants to know.
  func announcePressure() {
    let pressure = scheduler.pressureLevel
    defer { eventBook.pressure = pressure }
    tell(pressure, after: eventBook.pressure)
    guard pressure == .critical, eventBook.pressure != .critical, let parts = ports.schedules,
      scheduleBook.timetable.wants(.pressureCritical)
    else { return }
    let now = parts.wall.now()
    var event = CloudEvent(
      id: "\(now.rawValue)", source: CloudEvent.runner, type: CloudEvent.BuiltIn.pressureCritical.rawValue)
    event.data = .object(["cause": .string(scheduler.pressureText)])
    backlog.changes.append(.announced(event, at: now))
  }

  /// Tells which directories are to be watched, if that has changed.
  func watchDirectories() {
    guard let parts = ports.schedules, scheduleBook.upSince != nil, scheduleBook.hasReadFiles,
      scheduleBook.timetable.watchedFiles != eventBook.watched
    else { return }
    let watched = scheduleBook.timetable.watchedFiles
    eventBook.watched = watched
    parts.files.watch(
      watched.sorted { $0.key < $1.key }.compactMap { id, rule in
        scheduleBook.timetable.schedule(id).map { schedule in
          // What was told before is known by its identity; what lies a while back was told.
          WatchedDirectory(
            schedule: schedule.definition.name, rule: rule,
            since: max(schedule.created, schedule.decided - Self.fileSlack))
        }
      })
  }

  /// How far back files are looked at that may have been told of already.
  private static let fileSlack = Duration.seconds(7 * 86_400)
  /// How long files wait that can't be taken in.
  private static let fileInterval = Duration.seconds(1)

  /// Takes in what a source of file events tells. While that is not possible its files wait.
  func take(_ change: FileEventChange) async {
    switch change {
    case .notice(let text): note(text)
    case .appeared(let files):
      let events = files.map { CloudEvent($0) }
      while !Task.isCancelled {
        do {
          _ = try await put(events)
          return
        } catch let refusal as Refusal where [.starting, .queueFull, .storage].contains(refusal.kind) {
          // Cancelled: the loop's condition ends it.
          try? await ports.clock.sleep(until: ports.clock.now() + Self.fileInterval)
        } catch {
          return note("files that appeared can't be taken in: \((error as? Refusal)?.message ?? "\(error)")")
        }
      }
    }
  }
}

extension StoreChange {
  /// Whether it writes an event.
  var isAnnouncement: Bool {
    switch self {
    case .announcedEnd, .announced: true
    case .accepted, .starting, .running, .ended, .late, .closed, .unblocked, .held, .cancelRequested,
      .carried, .revived, .due, .frozen, .thawed, .reprioritised, .memo, .told:
      false
    }
  }
}

extension CloudEvent.BuiltIn {
  /// What is announced when a job ends; nil for a state that is no end.
  fileprivate init?(endAs state: JobState) {
    switch state {
    case .succeeded: self = .jobSucceeded
    case .failed: self = .jobFailed
    case .cancelled: self = .jobCancelled
    case .queued, .scheduled, .blocked, .starting, .running: return nil
    }
  }
}

extension CloudEvent {
  /// A build of a handler is in use for the first time.
  fileprivate init(_ handler: Handler, of plugin: Plugin) {
    self.init(
      id: "\(handler.name)/\(plugin.sha256)", source: Self.runner, type: BuiltIn.handlerLoaded.rawValue,
      data: .object([
        "handler": .string(handler.name), "plugin": .string(plugin.name),
        "version": .string(plugin.version), "sha256": .string("\(plugin.sha256)"),
      ]))
    subject = handler.name
  }

  /// A file has appeared.
  fileprivate init(_ file: FileAppearance) {
    let directory = file.directory.hasSuffix("/") ? String(file.directory.dropLast()) : file.directory
    self.init(
      id: file.identity, source: Self.source(ofSchedule: file.schedule), type: BuiltIn.fileClosed.rawValue,
      data: .object([
        "path": .string("\(directory)/\(file.name)"), "directory": .string(file.directory),
        "name": .string(file.name), "bytes": .integer(file.bytes),
        "modified": .integer(file.modified.rawValue.flooredDivision(by: 1_000_000).quotient),
      ]))
    subject = file.name
  }
}
