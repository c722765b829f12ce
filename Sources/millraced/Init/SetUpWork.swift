import Glibc

/// Makes what is missing of a set-up; what it made goes again if a later step fails.
struct SetUpWork {
  let machine: MachineFiles
  /// What was made, for the way back.
  private var made: [(path: String, isDirectory: Bool)] = []

  init(on machine: MachineFiles) { self.machine = machine }

  /// Does a plan's steps and then what else belongs to it.
  /// - Throws: what the first failure says, with nothing left of what was made.
  mutating func carryOut(_ plan: SetUpPlan, then last: () throws -> Void) throws {
    do {
      for step in plan.steps where step.standing == .missing { try make(step.item) }
      try last()
    } catch {
      takeBack()
      throw error
    }
  }

  private mutating func make(_ item: SetUp.Item) throws {
    switch item.content {
    case .directory(let mode): try makeDirectory(item.path, mode: mode)
    case .file(let text):
      try makeDirectory(StateDirectory.parent(of: item.path), mode: 0o755)
      try makeFile(item.path, text)
    case .link(let target):
      guard symlink(target, machine.root + item.path) == 0 else { throw SetUpError("make", item.path, errno) }
      made.append((item.path, false))
    }
  }

  private mutating func makeDirectory(_ path: String, mode: UInt32) throws {
    guard !path.isEmpty, machine.status(path) == nil else { return }
    try makeDirectory(StateDirectory.parent(of: path), mode: 0o755)
    // The umask may take from it.
    guard mkdir(machine.root + path, mode) == 0, chmod(machine.root + path, mode) == 0 else {
      throw SetUpError("make", path, errno)
    }
    made.append((path, true))
  }

  /// It is there whole or not at all, and never takes the place of another.
  private mutating func makeFile(_ path: String, _ text: String) throws {
    let (place, new) = (machine.root + path, machine.root + path + ".new-\(getpid())")
    defer { unlink(new) }
    let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw SetUpError("write", path, errno) }
    defer { close(descriptor) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard count >= 0 || errno == EINTR else { throw SetUpError("write", path, errno) }
      rest = rest.dropFirst(max(0, count))
    }
    guard fchmod(descriptor, 0o644) == 0, fsync(descriptor) == 0, link(new, place) == 0 else {
      throw SetUpError("write", path, errno)
    }
    made.append((path, false))
  }

  private mutating func takeBack() {
    for (path, isDirectory) in made.reversed() {
      // What somebody has put into a new directory meanwhile keeps it.
      _ = isDirectory ? rmdir(machine.root + path) : unlink(machine.root + path)
    }
    made = []
  }
}
