import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

/// The parent of one attempt's processes: a process of its own, so that those which the attempt leaves behind
/// come to it and to nobody else. It ends them all at the end of the first, or when the supervisor says so or
/// is gone; then it tells what they used, and removes their directory.
struct Warden {
  private let place: Int
  private let link: Int32
  private let signals: Int32
  private let directory: NodeDirectory
  private let main: Int32
  private let started = wallMicroseconds()
  private var ending: millrace_ending?

  /// What the attempt's process needs; the warden closes its own copies.
  struct Needs {
    let payload: Int32
    let outcome: Int32
    let log: Int32
    let channel: Int32

    var all: [Int32] { [payload, outcome, log, channel] }
  }

  /// Is the warden, in the supervisor's new child; `link` leads to the supervisor, all signals are blocked.
  static func run(
    _ attempt: BundleAttempt, at place: Int, of manifest: BundleManifest, plugin: String, _ needs: Needs,
    link: Int32
  ) -> Never {
    millrace_set_name("millrace-warden")
    do throws(HostError) {
      closeAll(but: needs.all + [link])
      let warden = try Warden(attempt, at: place, of: manifest, plugin: plugin, needs, link: link)
      for descriptor in needs.all { close(descriptor) }
      warden.serve()
    } catch {
      var news = BatchLink.news(MILLRACE_BATCH_ENDED, attempt: place)
      news.ended_us = wallMicroseconds()
      FixedText.store(error.message, in: &news.text)
      BatchLink.send(news, to: link)
      _exit(ExitCode.host)
    }
  }

  private init(
    _ attempt: BundleAttempt, at place: Int, of manifest: BundleManifest, plugin: String, _ needs: Needs,
    link: Int32
  ) throws(HostError) {
    let hint = "Linux 5.14 or newer is needed"
    self.place = place
    self.link = link
    try check(millrace_set_subreaper(), "cannot become the parent of orphans", hint: hint)
    directory = try NodeDirectory()
    let awaited: [Int32] = [SIGCHLD]
    signals = try check(
      millrace_signal_descriptor_for(awaited, 1), "cannot make a signal descriptor", hint: hint)
    let warden = getpid()
    var pidfd: Int32 = -1
    main = millrace_fork(-1, &pidfd)
    if main == 0 {
      Warden.becomeJob(
        attempt, of: manifest, plugin: plugin, directory: directory.path, needs, parent: warden)
    }
    guard main > 0 else {
      directory.remove()
      throw HostError("cannot fork: \(words(for: main))", hint: "raise the limit of processes")
    }
    close(pidfd)
  }

  private static func becomeJob(
    _ attempt: BundleAttempt, of manifest: BundleManifest, plugin: String, directory: UnsafePointer<CChar>,
    _ needs: Needs, parent: Int32
  ) -> Never {
    // A warden that somebody kills takes the job with it.
    millrace_set_parent_death_signal(SIGKILL)
    guard getppid() == parent, let plugin = plugin.withCPointer({ strdup($0) }) else { _exit(ExitCode.host) }
    JobProcess.run(StartRequest(attempt, of: manifest, plugin: plugin, directory: directory, needs))
  }

  /// Closes every descriptor but the standard ones and these.
  private static func closeAll(but kept: [Int32]) {
    var first: Int32 = STDERR_FILENO + 1
    for descriptor in kept.sorted() {
      if descriptor > first { millrace_close_range(UInt32(first), UInt32(descriptor - 1)) }
      first = descriptor + 1
    }
    millrace_close_range(UInt32(first), UInt32.max)
  }

  private consuming func serve() -> Never {
    var isOrphaned = false
    while ending == nil {
      var waited = [
        pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isOrphaned ? -1 : link, events: Int16(POLLIN), revents: 0),
      ]
      guard poll(&waited, 2, -1) > 0 else { continue }
      if waited[0].revents != 0 {
        while millrace_signal_read(signals) > 0 {}
        let main = main
        var ended: millrace_ending?
        ProcessTree.reap { if $0.pid == main { ended = $0 } }
        ending = ended
      }
      if ending == nil && waited[1].revents != 0 { isOrphaned = !obey() }
      if isOrphaned { break }
    }
    finish()
  }

  /// Does what the supervisor says. Returns false if it is gone.
  private mutating func obey() -> Bool {
    var order = millrace_batch_news()
    var count: Int32 = 0
    let size = MemoryLayout<millrace_batch_news>.size
    let got = withUnsafeMutableBytes(of: &order) {
      millrace_receive(link, $0.baseAddress, size, nil, &count, 0)
    }
    guard got > 0 else { return false }
    if order.type == UInt32(MILLRACE_BATCH_TERMINATE) { ProcessTree.signal(SIGTERM) }
    if order.type == UInt32(MILLRACE_BATCH_KILL) { kill(main, SIGKILL) }
    return true
  }

  /// Ends what is left, tells what became of the attempt, and ends.
  private consuming func finish() -> Never {
    let main = main
    var ended = ending
    let isEmpty = ProcessTree.kill { if $0.pid == main { ended = $0 } }
    var news = BatchLink.news(MILLRACE_BATCH_ENDED, attempt: place)
    news.code = ended?.code ?? Int32(CLD_KILLED)
    news.status = ended?.status ?? SIGKILL
    news.started_us = started
    news.ended_us = ended?.time_us ?? wallMicroseconds()
    news.is_left = isEmpty ? 0 : 1
    // All that the tree used: whoever ended was reaped by its parent, or here.
    var usage = rusage()
    if getrusage(RUSAGE_CHILDREN.rawValue, &usage) == 0 {
      news.cpu_user_us = Warden.microseconds(usage.ru_utime)
      news.cpu_system_us = Warden.microseconds(usage.ru_stime)
      news.memory_peak = Int64(usage.ru_maxrss) * 1024
    }
    BatchLink.send(news, to: link)
    close(link)
    directory.remove()
    _exit(ExitCode.done)
  }

  private static func microseconds(_ time: timeval) -> Int64 {
    Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_usec)
  }
}

extension StartRequest {
  /// What a job of a batch gets: it becomes nobody else, and is born where its parent is.
  init(
    _ attempt: BundleAttempt, of manifest: BundleManifest, plugin: UnsafePointer<CChar>,
    directory: UnsafePointer<CChar>, _ needs: Warden.Needs
  ) {
    tier = UInt32(MILLRACE_TIER_TEMPLATE)
    host = 0
    job = attempt.job
    self.attempt = attempt.number
    identity = nil
    maximumOpenFiles = manifest.maximumOpenFiles
    maximumResult = manifest.maximumResult
    let timeout = attempt.timeoutMilliseconds
    deadline = timeout > 0 ? wallMicroseconds() / 1000 + timeout : 0
    isAllocated = true
    self.plugin = plugin
    self.directory = directory
    descriptors = Descriptors(
      leaf: -1, outcome: needs.outcome, log: needs.log, channel: needs.channel, payload: needs.payload)
    payload = nil
  }
}
