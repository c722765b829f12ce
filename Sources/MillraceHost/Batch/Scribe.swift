import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

/// The process that alone touches the spool: it claims attempts, says that the host lives, looks for stops,
/// and writes what attempts leave. It may hang in a file system on the network for as long as that likes: the
/// supervisor, which has to kill in time, does not wait for it.
struct Scribe {
  let spool: SpoolDirectory
  let manifest: BundleManifest
  let link: Int32
  let node: String
  let epoll: Int32
  /// By their place in the manifest; nil for those that it has not claimed, or has recorded.
  var attempts: [ScribedAttempt?]
  /// The attempts whose end is to be recorded.
  var unrecorded: [Int] = []
  /// Claims that the spool did not take.
  var unclaimed: [Claim] = []
  var plugins: CheckedPlugins
  /// What is to be said in `done`, once the supervisor has said so.
  private var last: millrace_batch_news?
  private var beats: Int64 = 0
  private var nextBeat: Int64 = 0
  private var nextLook: Int64 = 0
  private var nextTry: Int64 = 0
  private var hasToldClosed = false
  /// Whether it was said that the spool can't be written to.
  private var isComplaining = false
  private let packet = Packet()

  /// How often it looks for stops, and tries again what the spool refused, in ms.
  private static let lookMilliseconds: Int64 = 1000
  private static let linkTag: UInt64 = .max

  /// Is the scribe, in the supervisor's new child; `link` leads to the supervisor.
  static func run(_ spool: SpoolDirectory, _ manifest: BundleManifest, node: String, link: Int32) -> Never {
    millrace_set_name("millrace-scribe")
    // It may know a secret that jobs of the same user must not.
    millrace_set_undumpable()
    do throws(HostError) {
      var scribe = try Scribe(spool, manifest, node: node, link: link)
      try scribe.serve()
    } catch {
      error.report()
    }
    _exit(ExitCode.host)
  }

  private init(
    _ spool: SpoolDirectory, _ manifest: BundleManifest, node: String, link: Int32
  ) throws(HostError) {
    let hint = "raise the limit of open files"
    self.spool = spool
    self.manifest = manifest
    self.node = node
    self.link = link
    attempts = [ScribedAttempt?](repeating: nil, count: manifest.attempts.count)
    plugins = CheckedPlugins(spool: spool)
    epoll = try check(millrace_epoll_create(), "cannot make an epoll descriptor", hint: hint)
    try check(
      millrace_epoll_add(epoll, link, Scribe.linkTag, EPOLLIN.rawValue), "cannot watch the supervisor",
      hint: hint)
  }

  private mutating func serve() throws(HostError) {
    var ready = [millrace_ready](repeating: millrace_ready(), count: 64)
    while true {
      let count = millrace_epoll_wait(epoll, &ready, Int32(ready.count), Int32(wait(at: bootMilliseconds())))
      if count == -EINTR { continue }
      try check(count, "cannot wait for events", hint: "")
      for ready in ready.prefix(Int(count)) {
        if ready.tag == Scribe.linkTag { obey() } else { readOutput(Int(ready.tag >> 1)) }
      }
      let now = bootMilliseconds()
      if nextBeat <= now { beat(at: now) }
      if nextLook <= now { look(at: now) }
      writeProgress(at: now)
      if nextTry <= now { workOff(at: now) }
    }
  }

  /// How long it may wait for events, in ms.
  private func wait(at now: Int64) -> Int64 {
    var next = min(nextBeat, nextLook)
    for case let attempt? in attempts {
      if let due = attempt.dueProgress { next = min(next, due) }
    }
    if !unrecorded.isEmpty || !unclaimed.isEmpty || last != nil { next = min(next, nextTry) }
    return max(0, next - now)
  }

  private mutating func obey() {
    guard packet.receive(from: link) > 0, let news = packet.message(as: millrace_batch_news.self) else {
      // The supervisor is gone, and whoever it was the parent of ends by that.
      _exit(ExitCode.host)
    }
    let place = Int(news.attempt)
    switch Int(news.type) {
    case MILLRACE_BATCH_CLAIM: claim(place)
    case MILLRACE_BATCH_ENDED:
      attempts[place]?.end = news
      unrecorded.append(place)
    case MILLRACE_BATCH_LOOK: nextBeat = 0
    case MILLRACE_BATCH_FINISH: last = news
    default: break
    }
  }

  func tell(_ type: Int, _ place: Int = 0, _ change: (inout millrace_batch_news) -> Void = { _ in }) {
    var news = BatchLink.news(type, attempt: place)
    change(&news)
    BatchLink.send(news, to: link)
  }

  private mutating func readOutput(_ place: Int) {
    guard attempts[place] != nil else { return }
    _ = attempts[place]?.readLog(to: spool)
    attempts[place]?.readProgress()
  }

  /// Says once what the spool refuses, and once that it works again.
  mutating func complain(_ error: HostError) {
    if !isComplaining { error.report() }
    isComplaining = true
  }

  // MARK: Signs of life

  private mutating func beat(at now: Int64) {
    nextBeat = now + manifest.beat * 1000
    // Looked for after a rename: the directory is then read anew, whatever was kept of it.
    nextLook = now
    var lines = SpoolLines()
    lines.add("count \(beats + 1)")
    lines.add("node \(node)")
    var running = "running"
    for (place, attempt) in attempts.enumerated() where attempt?.end == nil && attempt != nil {
      running += " \(manifest.attempts[place].job).\(manifest.attempts[place].number)"
    }
    lines.add(running)
    lines.add("time \(wallMicroseconds())")
    do throws(HostError) {
      try spool.replace("heartbeat", lines.bytes)
      beats += 1
      tell(MILLRACE_BATCH_BEAT) { $0.started_ms = now }
      if isComplaining { put("notice: the spool takes heartbeats again\n", to: STDERR_FILENO) }
      isComplaining = false
      for place in attempts.indices {
        try attempts[place]?.saveCheckpoint(to: spool, maximumResult: manifest.maximumResult)
      }
    } catch {
      // Soon again: the fence stands a few beats away only.
      nextBeat = now + min(manifest.beat * 1000, Scribe.lookMilliseconds)
      complain(error)
    }
  }

  private mutating func look(at now: Int64) {
    nextLook = now + Scribe.lookMilliseconds
    fetchNews()
    if !hasToldClosed && spool.has("closed") {
      hasToldClosed = true
      tell(MILLRACE_BATCH_CLOSED)
    }
    for place in attempts.indices {
      guard let attempt = attempts[place], attempt.end == nil else { continue }
      do throws(HostError) {
        guard let text = try spool.read(attempt.names.file("stop"), atMost: SpoolText.maximumSize) else {
          continue
        }
        guard let stop = Scribe.stop(text), attempt.toldStop != stop, attempt.toldStop != .kill else {
          continue
        }
        attempts[place]?.toldStop = stop
        tell(MILLRACE_BATCH_STOP, place) { $0.stopped = stop.rawValue }
      } catch {
        complain(error)
      }
    }
  }

  /// Fetches what a runner that does not see the spool has told of.
  private mutating func fetchNews() {
    for name in spool.courier?.takeNews() ?? [] {
      let isKnown =
        name.utf8.elementsEqual("closed".utf8)
        || manifest.attempts.contains { $0.file("stop").utf8.elementsEqual(name.utf8) }
      guard isKnown else { continue }
      do throws(HostError) { _ = try spool.fetch(name) } catch { complain(error) }
    }
  }

  private static func stop(_ text: [UInt8]) -> StopReason? {
    guard let word = SpoolText.lines(of: text).first?.first else { return nil }
    if SpoolText.isWord(word, "term") { return .term }
    return SpoolText.isWord(word, "kill") ? .kill : nil
  }

  private mutating func writeProgress(at now: Int64) {
    for place in attempts.indices {
      guard let due = attempts[place]?.dueProgress, due <= now else { continue }
      do throws(HostError) { try attempts[place]?.writeProgress(to: spool, at: now) } catch {
        complain(error)
      }
    }
  }

  // MARK: The end

  /// Writes one thing that is to last: one at a time, as the next attempts wait to be claimed. What the spool
  /// refuses is tried again.
  private mutating func workOff(at now: Int64) {
    nextTry = 0
    let claims = unclaimed
    unclaimed = []
    for claim in claims { make(claim) }
    if !unclaimed.isEmpty { nextTry = now + Scribe.lookMilliseconds }
    do throws(HostError) {
      if let place = unrecorded.first {
        guard let end = attempts[place]?.end else {
          preconditionFailure("it stands in the line with its end")
        }
        try attempts[place]?.record(end, in: spool, node: node, maximumResult: manifest.maximumResult)
        attempts[place]?.release()
        attempts[place] = nil
        unrecorded.removeFirst()
        tell(MILLRACE_BATCH_RECORDED, place)
      } else if let last {
        // Then it is not for this host to say that nothing runs.
        if last.status == 1 {
          put("error: another host has claimed attempts of this bundle\n", to: STDERR_FILENO)
          _exit(ExitCode.host)
        }
        try Scribe.finish(last, in: spool)
        _exit(ExitCode.done)
      }
    } catch {
      nextTry = now + Scribe.lookMilliseconds
      complain(error)
    }
  }

  /// Says that nothing of the bundle runs here any more.
  static func finish(_ last: millrace_batch_news, in spool: SpoolDirectory) throws(HostError) {
    var lines = SpoolLines()
    let word: StaticString =
      switch StopReason(rawValue: last.stopped) {
      case .closed: "closed"
      case .fenced: "fenced"
      case .term, .kill, .timeout: "signal"
      case nil: "finished"
      }
    lines.add("reason \(word)")
    let fault = SpoolText.plain(last.text)
    if !fault.isEmpty { lines.add("fault", fault) }
    try spool.replace("done", lines.bytes, lasts: true)
  }
}
