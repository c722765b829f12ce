import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

/// `millrace-host batch`: the attempts of a bundle, on a node of a cluster.
enum BatchCommand {
  /// Runs the bundle in a directory. Returns the exit code: 0 if all of its attempts have ended, 1 if it was
  /// stopped before, 125 if this node could not do it.
  static func run(_ path: UnsafePointer<CChar>) -> Int32 {
    do throws(HostError) {
      let own = try prepare()
      let spool = try SpoolDirectory(path)
      switch try examine(spool) {
      case .over(let code): return code
      case .ready(let manifest, let memory):
        let (scribe, link) = try forkScribe(own) { link in
          Scribe.run(spool, manifest, node: nodeName(), link: link)
        }
        close(spool.descriptor)
        return try supervise(manifest, spool.path, scribe, link, own, memory)
      }
    } catch {
      error.report()
      return ExitCode.host
    }
  }

  /// The same for a bundle that is to be fetched from the runner.
  static func run(_ bundle: RemoteBundle) -> Int32 {
    do throws(HostError) {
      let own = try prepare()
      // Only the scribe ever knows the secret.
      let (scribe, link) = try forkScribe(own) { link in fetch(bundle, link: link) }
      RemoteBundle.wipeSecret()
      defer { bundle.directory.withCPointer { NodeDirectory(path: $0).remove() } }
      if let code = awaitFetch(scribe, link, own) { return code }
      let spool = try bundle.path.withCPointer { path throws(HostError) in try SpoolDirectory(path) }
      defer { close(spool.descriptor) }
      guard case .ready(let manifest, let memory) = try examine(spool) else { return ExitCode.host }
      return try supervise(manifest, spool.path, scribe, link, own, memory)
    } catch {
      error.report()
      return ExitCode.host
    }
  }

  private struct Own {
    let epoll: Int32
    let signals: Int32
    let null: Int32
  }

  /// What is found in a bundle's directory.
  private enum Finding {
    case ready(BundleManifest, MemoryGroup?)
    /// There is nothing to do; the exit code.
    case over(Int32)
  }

  /// Looks whether the bundle can be run here, and says in it if it can't.
  private static func examine(_ spool: SpoolDirectory) throws(HostError) -> Finding {
    let manifest: BundleManifest
    var memory = MemoryGroup.own()
    do throws(HostError) {
      guard let text = try spool.read("manifest", atMost: SpoolText.maximumSize) else {
        throw HostError(
          "the bundle has no manifest", hint: "the runner writes it before it submits the bundle")
      }
      manifest = try BundleManifest(text)
      do throws(HostError) { try demandCap(of: manifest.memory, memory) } catch {
        if manifest.needsCaps { throw error }
        // What is counted there may be others', too.
        memory = nil
      }
    } catch {
      error.report()
      try finish(spool, nil, fault: error.message)
      return .over(ExitCode.host)
    }
    if spool.has("done") {
      put("notice: the bundle is done\n", to: STDERR_FILENO)
      return .over(ExitCode.done)
    }
    guard spool.has("closed") else { return .ready(manifest, memory) }
    // Another host may still run some of it, and says itself when that is over.
    let isOpen = manifest.attempts.contains { spool.has($0.file("started")) && !spool.has($0.file("ended")) }
    if !isOpen { try finish(spool, .closed, fault: "") }
    return .over(ExitCode.failed)
  }

  /// Makes the scribe, which is what `body` does. Returns its pid, and this process's end of the link to it.
  private static func forkScribe(
    _ own: Own, _ body: (Int32) -> Never
  ) throws(HostError) -> (pid: Int32, link: Int32) {
    let (ours, theirs) = try BatchLink.pair()
    var pidfd: Int32 = -1
    let scribe = millrace_fork(-1, &pidfd)
    if scribe == 0 {
      for descriptor in [ours, own.epoll, own.signals, own.null] { close(descriptor) }
      // What hangs can't look whether the supervisor is there.
      millrace_set_parent_death_signal(SIGKILL)
      body(theirs)
    }
    try check(scribe, "cannot fork", hint: "raise the limit of processes")
    close(theirs)
    close(pidfd)
    return (scribe, ours)
  }

  /// Is a scribe that fetches its bundle first.
  private static func fetch(_ bundle: RemoteBundle, link: Int32) -> Never {
    do throws(HostError) {
      millrace_set_undumpable()
      let spool = try bundle.fetch()
      switch try examine(spool) {
      case .over(let code): _exit(code)
      case .ready(let manifest, _):
        BatchLink.send(BatchLink.news(MILLRACE_BATCH_FETCHED), to: link)
        Scribe.run(spool, manifest, node: nodeName(), link: link)
      }
    } catch {
      error.report()
      _exit(ExitCode.host)
    }
  }

  /// Waits until the scribe has fetched its bundle. Returns the exit code if there is nothing to do then.
  private static func awaitFetch(_ scribe: Int32, _ link: Int32, _ own: Own) -> Int32? {
    let packet = Packet()
    while true {
      var waited = [
        pollfd(fd: link, events: Int16(POLLIN), revents: 0),
        pollfd(fd: own.signals, events: Int16(POLLIN), revents: 0),
      ]
      guard poll(&waited, 2, -1) > 0 else { continue }
      if waited[0].revents != 0 {
        if packet.receive(from: link) > 0, packet.type == UInt32(MILLRACE_BATCH_FETCHED) { return nil }
        var code = ExitCode.host
        _ = ProcessTree.kill { if $0.pid == scribe && $0.code == CLD_EXITED { code = $0.status } }
        return code
      }
      let signal = millrace_signal_read(own.signals)
      guard [SIGTERM, SIGINT, SIGHUP].contains(signal) else { continue }
      _ = ProcessTree.kill { _ in }
      return ExitCode.failed
    }
  }

  private static func finish(_ spool: SpoolDirectory, _ reason: StopReason?, fault: String) throws(HostError)
  {
    var last = BatchLink.news(MILLRACE_BATCH_FINISH)
    last.stopped = reason?.rawValue ?? 0
    FixedText.store(fault, in: &last.text)
    try Scribe.finish(last, in: spool)
  }

  private static func supervise(
    _ manifest: BundleManifest, _ path: String, _ scribe: Int32, _ link: Int32, _ own: Own,
    _ memory: MemoryGroup?
  ) throws(HostError) -> Int32 {
    // Where it said things until now may be the spool, too.
    for descriptor in [STDOUT_FILENO, STDERR_FILENO] { millrace_duplicate(own.null, descriptor, 0) }
    millrace_set_nonblocking(link, 1)
    var supervisor = try Supervisor(
      manifest, spoolPath: path, scribe: scribe, link: link, epoll: own.epoll, signals: own.signals,
      memory: memory)
    return supervisor.run()
  }

  /// Prepares the process: everything that jobs inherit from it is as it should be in a job. Descriptors from
  /// 3 on are its own, so none that comes later has the number of a job's channel.
  private static func prepare() throws(HostError) -> Own {
    let hint = "raise the limit of open files"
    try Keeper.openStandardDescriptors()
    try check(millrace_close_range(3, UInt32.max), "cannot close descriptors", hint: "Linux 5.14 is needed")
    let epoll = try check(millrace_epoll_create(), "cannot make an epoll descriptor", hint: hint)
    let numbers: [Int32] = [SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1]
    millrace_reset_signals()
    try check(millrace_block_signals(1), "cannot block signals", hint: "")
    let signals = try check(
      millrace_signal_descriptor_for(numbers, Int32(numbers.count)), "cannot make a signal descriptor",
      hint: hint)
    let null = try check(
      millrace_open(AT_FDCWD, "/dev/null", O_RDWR, 0), "cannot open `/dev/null`", hint: hint)
    try check(millrace_duplicate(null, STDIN_FILENO, 0), "cannot close standard input", hint: hint)
    umask(0o077)
    try check(millrace_set_subreaper(), "cannot become the parent of orphans", hint: "Linux 5.14 is needed")
    try Identity.renounce()
    return Own(epoll: epoll, signals: signals, null: null)
  }

  /// Refuses to run anything where memory is not capped at what was asked for.
  private static func demandCap(of memory: Int64, _ group: MemoryGroup?) throws(HostError) {
    let hint =
      "set ConstrainRAMSpace=yes in cgroup.conf and TaskPlugin=task/cgroup, or `caps: trusted` if the site "
      + "caps memory by other means"
    guard let group else { throw HostError("no cgroup for memory can be seen on this node", hint: hint) }
    guard let limit = group.limit() else {
      throw HostError("memory is not limited on this node: no cgroup on the way up has a limit", hint: hint)
    }
    guard limit <= memory else {
      throw HostError(
        "memory is limited to \(limit) bytes on this node, more than the \(memory) that were asked for",
        hint: hint)
    }
  }

  /// What this node is called: Slurm's word for it, else the host name.
  private static func nodeName() -> String {
    var name: [UInt8] = []
    if let given = getenv("SLURMD_NODENAME") {
      name = SpoolText.plain(given, atMost: 255)
    } else {
      var bytes = [CChar](repeating: 0, count: 256)
      if gethostname(&bytes, bytes.count - 1) == 0 { name = SpoolText.plain(bytes, atMost: 255) }
    }
    // A name is one word of a line.
    name.removeAll { $0 == UInt8(ascii: " ") }
    return name.isEmpty ? "unknown" : String(decoding: name, as: UTF8.self)
  }
}
