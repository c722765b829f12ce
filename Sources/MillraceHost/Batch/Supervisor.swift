import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

/// The parent of all processes of a batch: it starts attempts that the scribe has claimed, waits, and kills
/// in time. It never touches the spool, not even to say something: whatever hangs there, it does not.
struct Supervisor {
  let manifest: BundleManifest
  private let spoolPath: String
  private let epoll: Int32
  private let signals: Int32
  private let scribe: Int32
  private var link: BatchLink
  private let memory: MemoryGroup?
  private let packet = Packet()
  private var running: [RunningAttempt] = []
  /// Wardens that have told the end of their attempt, and tidy up.
  private var leaving: [Int32] = []
  /// The next attempt in the order of the manifest.
  private var next = 0
  /// How many attempts the scribe was asked for, and how many ends it has not recorded.
  private var claiming = 0
  private var unrecorded = 0
  /// Whether an attempt of this bundle may run under another host.
  private var hasRival = false
  private var ending: Ending?
  /// When the last heartbeat that reached the spool began.
  private var lastBeat = bootMilliseconds()
  private var hasFinished = false
  private var scribeEnd: millrace_ending?
  /// When the scribe is given up, once the host is fenced.
  private var patienceEnd: Int64 = .max

  /// Why no more attempts are started.
  private struct Ending {
    let reason: StopReason?
    let fault: String
  }

  private static let scribeTag: UInt64 = 1
  private static let signalsTag: UInt64 = 2
  private static let firstTag: UInt64 = 16
  /// How long attempts have at most when the host itself is told to end: Slurm kills it after 30 s
  /// (KillWait).
  private static let graceBound: Int64 = 25_000
  /// How long the scribe has to write what it can once the host is fenced, in ms.
  private static let fencedMilliseconds: Int64 = 30_000

  /// Takes over: the pid of the scribe, which is at the other end of `link`, and descriptors.
  init(
    _ manifest: BundleManifest, spoolPath: String, scribe: Int32, link: Int32, epoll: Int32, signals: Int32,
    memory: MemoryGroup?
  ) throws(HostError) {
    self.manifest = manifest
    self.spoolPath = spoolPath
    self.scribe = scribe
    self.link = BatchLink(socket: link)
    self.epoll = epoll
    self.signals = signals
    self.memory = memory
    try check(
      millrace_epoll_add(epoll, link, Supervisor.scribeTag, EPOLLIN.rawValue), "cannot watch the scribe",
      hint: "")
    try check(
      millrace_epoll_add(epoll, signals, Supervisor.signalsTag, EPOLLIN.rawValue), "cannot watch signals",
      hint: "")
  }

  /// Runs the bundle to its end. Returns the exit code; no process is left but those that nobody can kill.
  mutating func run() -> Int32 {
    var ready = [millrace_ready](repeating: millrace_ready(), count: 64)
    while !isOver {
      claimMore()
      finishIfDone()
      let count = millrace_epoll_wait(epoll, &ready, Int32(ready.count), Int32(wait(at: bootMilliseconds())))
      for ready in ready.prefix(Int(max(0, count))) {
        switch ready.tag {
        case Supervisor.scribeTag: readScribe()
        case Supervisor.signalsTag: takeSignals()
        default: readWarden(of: Int(ready.tag - Supervisor.firstTag))
        }
      }
      tick(at: bootMilliseconds())
    }
    let isEmpty = ProcessTree.kill { _ in }
    guard isEmpty, let scribeEnd, scribeEnd.code == CLD_EXITED, scribeEnd.status == ExitCode.done else {
      return ExitCode.host
    }
    guard let ending else { return ExitCode.done }
    return ending.fault.utf8.isEmpty ? ExitCode.failed : ExitCode.host
  }

  private var isOver: Bool {
    running.isEmpty && leaving.isEmpty && scribeEnd != nil || bootMilliseconds() >= patienceEnd
  }

  private mutating func claimMore() {
    while ending == nil, next < manifest.attempts.count, running.count + claiming < manifest.parallel {
      link.post(BatchLink.news(MILLRACE_BATCH_CLAIM, attempt: next))
      claiming += 1
      next += 1
    }
  }

  /// Has the scribe say that nothing runs any more, once that is so.
  private mutating func finishIfDone() {
    guard !hasFinished, running.isEmpty, claiming == 0, unrecorded == 0,
      ending != nil || next == manifest.attempts.count
    else { return }
    hasFinished = true
    var news = BatchLink.news(MILLRACE_BATCH_FINISH)
    news.stopped = ending?.reason?.rawValue ?? 0
    news.status = hasRival ? 1 : 0
    FixedText.store(ending?.fault ?? "", in: &news.text)
    link.post(news)
  }

  /// How long it may wait for events, in ms.
  private func wait(at now: Int64) -> Int64 {
    var due = min(patienceEnd, isFenced ? .max : lastBeat + manifest.fence * 1000)
    for attempt in running { due = min(due, attempt.clock.deadline ?? .max) }
    return due == .max ? -1 : min(max(0, due - now), 60_000)
  }

  private var isFenced: Bool { patienceEnd != .max }

  private mutating func tick(at now: Int64) {
    if !isFenced && scribeEnd == nil && now >= lastBeat + manifest.fence * 1000 {
      patienceEnd = now + Supervisor.fencedMilliseconds
      end(because: .fenced)
      killAll(.fenced, at: now)
    }
    for index in running.indices {
      let step = running[index].clock.tick(at: now)
      running[index].take(step)
      running[index].link.flush()
    }
    link.flush()
    let events = link.isFull ? EPOLLIN.rawValue | EPOLLOUT.rawValue : EPOLLIN.rawValue
    if scribeEnd == nil { millrace_epoll_modify(epoll, link.socket, Supervisor.scribeTag, events) }
  }

  private mutating func end(because reason: StopReason?, fault: String = "") {
    if ending == nil { ending = Ending(reason: reason, fault: fault) }
  }

  private mutating func killAll(_ reason: StopReason, at now: Int64) {
    for index in running.indices {
      let step = running[index].clock.kill(reason, at: now)
      running[index].take(step)
    }
  }

  // MARK: The scribe

  private mutating func readScribe() {
    while true {
      let result = packet.receive(from: link.socket)
      if result == -Int(EAGAIN) { return }
      guard result > 0, let news = packet.message(as: millrace_batch_news.self) else {
        // Its end is seen as that of a child.
        millrace_epoll_remove(epoll, link.socket)
        return
      }
      take(news)
    }
  }

  private mutating func take(_ news: millrace_batch_news) {
    let now = bootMilliseconds()
    let place = Int(news.attempt)
    switch Int(news.type) {
    case MILLRACE_BATCH_BEAT: lastBeat = news.started_ms
    case MILLRACE_BATCH_CLAIMED:
      claiming -= 1
      start(place, at: now)
    case MILLRACE_BATCH_PASSED:
      claiming -= 1
      if news.status == 0 { hasRival = true }
      if news.status == 2 { unrecorded += 1 }
    case MILLRACE_BATCH_RECORDED: unrecorded -= 1
    case MILLRACE_BATCH_CLOSED:
      end(because: .closed)
      killAll(.closed, at: now)
    case MILLRACE_BATCH_STOP:
      guard let index = running.firstIndex(where: { $0.place == place }) else { return }
      let step =
        news.stopped == StopReason.kill.rawValue
        ? running[index].clock.kill(.kill, at: now) : running[index].clock.terminate(.term, at: now)
      running[index].take(step)
    default: break
    }
  }

  /// Starts an attempt whose needs have come with the packet.
  private mutating func start(_ place: Int, at now: Int64) {
    guard packet.descriptorCount == 4 else {
      return tell(fault: "the descriptors of its process were lost", of: place)
    }
    guard ending == nil else { return tell(fault: "the host was stopped before it ran", of: place) }
    let needs = Warden.Needs(
      payload: packet.descriptors[0], outcome: packet.descriptors[1], log: packet.descriptors[2],
      channel: packet.descriptors[3])
    do throws(HostError) {
      running.append(try makeWarden(place, needs, at: now))
    } catch {
      tell(fault: error.message, of: place)
    }
    packet.closeDescriptors()
  }

  private func makeWarden(
    _ place: Int, _ needs: Warden.Needs, at now: Int64
  ) throws(HostError) -> RunningAttempt {
    let attempt = manifest.attempts[place]
    let (ours, theirs) = try BatchLink.pair()
    defer { close(theirs) }
    let kills = memory?.kills()
    var pidfd: Int32 = -1
    let pid = millrace_fork(-1, &pidfd)
    if pid == 0 {
      let plugin = "\(spoolPath)/\(CheckedPlugins.file(of: attempt.plugin))"
      Warden.run(attempt, at: place, of: manifest, plugin: plugin, needs, link: theirs)
    }
    guard pid > 0 else {
      close(ours)
      throw HostError("cannot fork: \(words(for: pid))", hint: "")
    }
    close(pidfd)
    millrace_set_nonblocking(ours, 1)
    millrace_epoll_add(epoll, ours, Supervisor.firstTag + UInt64(place), EPOLLIN.rawValue)
    return RunningAttempt(
      place: place, warden: pid, link: BatchLink(socket: ours),
      clock: StopClock(timeout: attempt.timeoutMilliseconds, grace: attempt.graceMilliseconds, at: now),
      killsBefore: kills)
  }

  /// Has the scribe write that an attempt which it has claimed never ran.
  private mutating func tell(fault: String, of place: Int) {
    var news = BatchLink.news(MILLRACE_BATCH_ENDED, attempt: place)
    news.ended_us = wallMicroseconds()
    news.stopped = ending?.reason?.rawValue ?? 0
    FixedText.store(fault, in: &news.text)
    tell(news)
  }

  private mutating func tell(_ end: millrace_batch_news) {
    link.post(end)
    unrecorded += 1
  }

  // MARK: Processes

  private mutating func takeSignals() {
    while true {
      let signal = millrace_signal_read(signals)
      guard signal > 0 else { return }
      switch signal {
      case SIGCHLD: reap()
      case SIGUSR1: link.post(BatchLink.news(MILLRACE_BATCH_LOOK))
      default:
        let now = bootMilliseconds()
        end(because: .term)
        for index in running.indices {
          let step = running[index].clock.terminate(.term, bound: Supervisor.graceBound, at: now)
          running[index].take(step)
        }
      }
    }
  }

  private mutating func reap() {
    var endings: [millrace_ending] = []
    ProcessTree.reap { endings.append($0) }
    for ending in endings {
      if ending.pid == scribe {
        scribeEnd = ending
        guard !hasFinished || ending.status != ExitCode.done else { continue }
        end(because: .kill, fault: "the scribe ended")
        killAll(.kill, at: bootMilliseconds())
      } else if let index = running.firstIndex(where: { $0.warden == ending.pid }) {
        readWarden(of: running[index].place)
        guard running.contains(where: { $0.warden == ending.pid }) else { continue }
        bury(ending)
      } else {
        leaving.removeAll { $0 == ending.pid }
      }
    }
  }

  /// A warden has ended without a word: what it was the parent of is this process's now.
  private mutating func bury(_ ending: millrace_ending) {
    guard let index = running.firstIndex(where: { $0.warden == ending.pid }) else { return }
    _ = ProcessTree.kill(sparing: [scribe] + leaving + running.map { $0.warden }) { _ in }
    var news = BatchLink.news(MILLRACE_BATCH_ENDED, attempt: running[index].place)
    news.code = ending.code
    news.status = ending.status
    news.ended_us = ending.time_us
    news.started_us = ending.time_us
    conclude(index, news)
  }

  private mutating func readWarden(of place: Int) {
    guard let index = running.firstIndex(where: { $0.place == place }) else { return }
    let result = packet.receive(from: running[index].link.socket)
    if result == -Int(EAGAIN) { return }
    guard result > 0, let news = packet.message(as: millrace_batch_news.self) else {
      // What has let go of its link is ending, or somebody has made it mad.
      kill(running[index].warden, SIGKILL)
      millrace_epoll_remove(epoll, running[index].link.socket)
      return
    }
    leaving.append(running[index].warden)
    conclude(index, news)
  }

  /// An attempt has ended: the scribe is to say so.
  private mutating func conclude(_ index: Int, _ end: millrace_batch_news) {
    let attempt = running.remove(at: index)
    close(attempt.link.socket)
    var end = end
    end.stopped = attempt.clock.reason?.rawValue ?? 0
    if end.code != 0 { measure(&end, attempt) }
    tell(end)
    guard end.is_left != 0 else { return }
    self.end(
      because: nil,
      fault: "processes of \(manifest.attempts[attempt.place].file("started")) can't be killed")
    killAll(.kill, at: bootMilliseconds())
  }

  /// Adds what the kernel counted for the cgroup, where that is the attempt's.
  private func measure(_ end: inout millrace_batch_news, _ attempt: RunningAttempt) {
    if manifest.attempts.count == 1, let peak = memory?.peak() {
      end.memory_peak = peak
      end.is_peak_of_group = 1
    }
    guard let before = attempt.killsBefore, let after = memory?.kills() else { return }
    // Of several at once, the one that was killed and not by us is meant.
    let isIts =
      manifest.parallel == 1
      || end.code == CLD_KILLED && end.status == SIGKILL && attempt.clock.reason == nil
    end.has_oom_kills = 1
    end.oom_kills = isIts ? max(0, after - before) : 0
  }
}
