import CMillraceLinux
import CMillraceLinux.Libc

/// Asks a plugin file what it is, in a throw-away process: its constructors run there, so nothing that they
/// do, crash or hang reaches this process. What the process has to say goes through shared memory: a plugin
/// that writes to every descriptor can't disturb it.
struct Description {
  /// Who the throw-away process becomes; nil to stay who we are.
  var identity: Identity?
  /// Whether what the plugin prints is dropped.
  let quiet: Bool

  init(quiet: Bool) { self.quiet = quiet }

  /// How long the plugin may take.
  private static let limitSeconds: Int32 = 10
  /// How much processor time it may take.
  private static let limitProcessorSeconds: UInt64 = 5
  /// How much address space it may have.
  private static let limitAddressSpace: UInt64 = 1 << 30
  /// How many processes and threads its user may have meanwhile; root is exempt.
  private static let limitProcesses: UInt64 = 512

  /// Hands the manifest of `file` to `use`.
  ///
  /// - Throws: the one reason why the file is no plugin that can be used.
  func read(_ file: UnsafePointer<CChar>, use: (UnsafeRawBufferPointer) -> Void) throws(HostError) {
    let name = String(cString: file)
    // dlopen looks for a name without a slash in the system's folders.
    let path = strchr(file, Int32(UInt8(ascii: "/"))) == nil ? "./" + name : name
    let report = try DescriptionReport()
    try check(
      millrace_set_subreaper(), "cannot become the parent of orphans", hint: "Linux 5.14 or newer is needed")
    var pidfd: Int32 = -1
    let pid = millrace_fork(-1, &pidfd)
    try check(pid, "cannot fork", hint: "raise the limit of processes")
    if pid == 0 { examine(path, report) }
    defer { close(pidfd) }

    let ending = Description.await(pid, pidfd)
    Description.killOrphans()
    guard let ending else {
      throw HostError(
        "plugin `\(name)` did not return within \(Description.limitSeconds) s \(report.place)",
        hint: "do slow work in `warm_up` or `run`, not in constructors", isLate: true)
    }
    if ending.code == CLD_EXITED, let result = report.result {
      switch result {
      case .manifest(let manifest): return use(manifest)
      case .refusal(let error): throw error
      }
    }
    throw HostError(
      "plugin `\(name)` \(Description.describe(ending)) \(report.place)",
      hint: "a program that loads it with dlopen under a debugger shows where")
  }

  /// The throw-away process.
  private func examine(_ path: String, _ report: DescriptionReport) -> Never {
    do throws(HostError) {
      try confine()
      let library = try path.withCPointer { path throws(HostError) in
        try ELFHead.check(path)
        return try PluginLibrary(path) { report.note($0) }
      }
      report.manifest(length: try Manifest.write(library, named: path, to: report.text))
    } catch {
      report.refuse(error)
    }
    _exit(ExitCode.done)
  }

  /// Leaves this process hardly anything that it could harm.
  private func confine() throws(HostError) {
    millrace_reset_signals()
    try check(millrace_block_signals(0), "cannot unblock signals", hint: "")
    setsid()
    if let identity { try identity.assume() } else { try Identity.dropCapabilities() }
    // After the change of ids, which clears it.
    try check(millrace_set_parent_death_signal(SIGKILL), "cannot follow the parent's death", hint: "")
    if quiet {
      let null = try check(
        millrace_open(AT_FDCWD, "/dev/null", O_RDWR, 0), "cannot open `/dev/null`", hint: "mount /dev")
      for descriptor in 0...2 { millrace_duplicate(null, Int32(descriptor), 0) }
    }
    millrace_close_range(3, UInt32.max)
    try limit(RLIMIT_CORE, 0)
    try limit(RLIMIT_FSIZE, 0)
    // The soft limit's SIGXCPU says more than the hard one's SIGKILL.
    try limit(RLIMIT_CPU, Description.limitProcessorSeconds, Description.limitProcessorSeconds + 1)
    try limit(RLIMIT_AS, Description.limitAddressSpace)
    try limit(__RLIMIT_NPROC, Description.limitProcesses)
  }

  /// Lowers a limit; a hard limit that is lower already stays.
  private func limit(
    _ resource: __rlimit_resource, _ value: UInt64, _ hardValue: UInt64? = nil
  ) throws(HostError) {
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    let number = Int32(resource.rawValue)
    try check(millrace_get_limit(number, &soft, &hard), "cannot read a resource limit", hint: "")
    try check(
      millrace_set_limit(number, min(value, hard), min(hardValue ?? value, hard)),
      "cannot set a resource limit", hint: "")
  }

  /// Waits for the throw-away process, kills its session and returns how it ended; nil if it took too long.
  private static func await(_ pid: Int32, _ pidfd: Int32) -> millrace_ending? {
    var waited = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
    let inTime = poll(&waited, 1, limitSeconds * 1000) > 0
    // Before it is reaped: its number can't be another's yet.
    kill(-pid, SIGKILL)
    kill(pid, SIGKILL)
    var ending = millrace_ending()
    guard millrace_wait_pidfd(pidfd, 1, &ending) == 1, inTime else { return nil }
    return ending
  }

  /// Ends what the plugin left behind in sessions of its own. A kernel that does not list children leaves
  /// this to the control group.
  private static func killOrphans() {
    // Each round ends at least those that were there when it began.
    for _ in 0..<limitProcesses {
      let children = listChildren()
      if children.isEmpty { return }
      for child in children { kill(child, SIGKILL) }
      for _ in children { waitpid(-1, nil, 0) }
    }
  }

  /// The children of this process (proc_pid_task(5)).
  private static func listChildren() -> [Int32] {
    let descriptor = "/proc/self/task/\(getpid())/children".withCPointer {
      millrace_open(AT_FDCWD, $0, O_RDONLY, 0)
    }
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let length = CMillraceLinux.read(descriptor, &bytes, bytes.count)
    var children: [Int32] = []
    var number: Int32 = 0
    for byte in bytes.prefix(max(0, length)) {
      if byte == UInt8(ascii: " ") {
        children.append(number)
        number = 0
      } else {
        number = number * 10 + Int32(byte) - Int32(UInt8(ascii: "0"))
      }
    }
    return children
  }

  private static func describe(_ ending: millrace_ending) -> String {
    if ending.code == CLD_EXITED { return "ended its process with exit code \(ending.status)" }
    if ending.status == SIGXCPU {
      return "did not return within \(limitProcessorSeconds) s of processor time"
    }
    guard let name = millrace_signal_name(ending.status) else { return "crashed (signal \(ending.status))" }
    return "crashed (SIG\(String(cString: name)))"
  }
}

extension String {
  /// Calls `body` with the text as C has it.
  func withCPointer<Result, Failure: Error>(
    _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try utf8CString.withUnsafeBufferPointer { bytes throws(Failure) in
      guard let start = bytes.baseAddress else { preconditionFailure("it holds a zero byte at least") }
      return try body(start)
    }
  }
}
