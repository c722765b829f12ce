import MillraceCore
import MillraceWire

/// The lines about the runner as a whole.
struct TopHead {
  let status: StatusView
  /// When that was so.
  let time: Timestamp
  /// Why there is nothing newer, and since when.
  var away: (since: Timestamp, reason: String)?
  var isFrozen = false

  private static let barCells = 20

  /// All lines, the most important first.
  var lines: [ScreenLine] { [runner, jobs, memory, processors, machine] + notice }

  private var runner: ScreenLine {
    var line = ScreenLine("millraced \(status.version)", .title)
    if let away {
      line.word("away since \(Figures.time(Wire.text(of: away.since))): \(away.reason)", .bad)
      return line
    }
    line.word("pid \(status.pid)")
    if let started = Wire.time(from: status.started) { line.word("up \(ClockSpan.text(time - started))") }
    line.word(status.healthy ? "healthy" : "not healthy", status.healthy ? .good : .bad)
    if status.draining { line.word("draining", .busy) }
    if isFrozen { line.word("picture frozen: f goes on", .busy) }
    for station in status.stations ?? [] where station.by != nil {
      line.word("\([station.kind, station.name ?? ""].joined(separator: " ")) \(station.state)", .busy)
    }
    if let trouble = status.recordTrouble { line.word(trouble, .bad) }
    return line
  }

  private var jobs: ScreenLine {
    var line = ScreenLine("\(status.running) running")
    line.word("\(status.queued) queued")
    line.word("\(status.scheduled) scheduled")
    if let held = status.held, held > 0 { line.word("\(held) held", .busy) }
    let hosts = status.hosts?.count ?? 0
    if hosts > 0 { line.word(Figures.count(Int64(hosts), "warm host", "warm hosts")) }
    if let cluster = status.cluster {
      line.word("cluster: \(cluster.words)", cluster.trouble == nil ? .plain : .bad)
    }
    return line
  }

  private var memory: ScreenLine {
    let (used, capacity) = (status.used, status.capacity)
    var line = bar("memory", used.memoryBytes, capacity.memoryBytes) { Figures.bytes($0) }
    line.word("limits \(Figures.bytes(used.committedBytes))")
    if let held = status.machine.treeMemoryBytes { line.word("measured \(Figures.bytes(held))") }
    return line
  }

  private var processors: ScreenLine {
    let (used, capacity) = (status.used, status.capacity)
    var line = bar("cpu", used.cpuMillis, capacity.cpuMillis) { Figures.processors(($0 + 5) / 10 * 10) }
    line.word("slots \(used.slots) of \(capacity.slots)")
    return line
  }

  private func bar(
    _ name: String, _ used: Int64, _ capacity: Int64, _ text: (Int64) -> String
  ) -> ScreenLine {
    let part = Bar.part(used, of: capacity)
    var line = ScreenLine(ScreenText.fitted(name, to: 7))
    line.add(Bar.text(of: part, cells: Self.barCells), part < 0.7 ? .good : part < 0.9 ? .busy : .bad)
    line.add(" \(text(used)) of \(text(capacity))")
    return line
  }

  private var machine: ScreenLine {
    var line = ScreenLine("pressure")
    switch status.pressure {
    case Pressure.none.word: line.add(" none")
    case Pressure.critical.word: line.add(" \(status.pressureCause)", .bad)
    default: line.add(" \(status.pressureCause)", .busy)
    }
    if let load = status.machine.load { line.word("load \(load)") }
    if let free = status.machine.memoryAvailableBytes, let total = status.machine.memoryTotalBytes {
      line.word("machine \(Figures.bytes(free)) of \(Figures.bytes(total)) free")
    }
    return line
  }

  private var notice: [ScreenLine] {
    guard let last = status.notices.last else { return [] }
    var line = ScreenLine(Figures.time(last.time), .quiet)
    line.word(last.text, .busy)
    return [line]
  }
}
