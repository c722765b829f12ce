import CMillraceLinux
import Glibc
import MillraceCore

/// The main process of an attempt, held by a pidfd (pidfd_open(2)).
///
/// An attempt is known for certain by two things. The name of its cgroup says which attempt it is: a number
/// is used once, and a cgroup does not outlive the boot. The pidfd says which process it is: unlike a pid it
/// never comes to stand for another one, in this boot or the next. It goes from runner to runner by way of
/// the keeper. So neither a boot id nor a start time has to be compared, but in `Leaf.mainProcess`.
final class MainProcess {
  let descriptor: Descriptor

  init(owning number: Int32) { descriptor = Descriptor(owning: number) }

  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

  /// What is known of its end.
  enum Ending: Equatable {
    case known(ProcessExit)
    /// Its parent has not reaped it; the pidfd says POLLHUP when it has.
    case unreaped
    /// This kernel tells it to nobody but the parent.
    case unknown
  }

  /// Returns how it ended, which it has.
  func ending() -> Ending {
    var ending = millrace_ending()
    switch millrace_pidfd_ending(descriptor.number, &ending) {
    case 1: return .known(ProcessExit(ending))
    case 0: return isReaped ? .unknown : .unreaped
    default: return .unknown
    }
  }

  private var isReaped: Bool {
    var poller = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    return poll(&poller, 1, 0) > 0 && poller.revents & Int16(POLLHUP) != 0
  }
}

extension Leaf {
  /// Finds the process in it that the keeper made, which died before it could tell; nil if there is none.
  ///
  /// It is the one that was there first. Processes can be as old as each other by the kernel's clock, which
  /// counts in hundredths of a second: then the parent of it is the one that is not in the leaf.
  func mainProcess() throws -> MainProcess? {
    var held: [Int32: Candidate] = [:]
    for pid in try processes() {
      let descriptor = millrace_pidfd_open(pid)
      if descriptor == -ESRCH { continue }
      let process = MainProcess(owning: try check(descriptor, "find the main process of `\(name)`"))
      guard let stat = try ProcessStat(of: pid) else { continue }
      held[pid] = Candidate(process: process, stat: stat)
    }
    // Whoever is still in the leaf now is no other process that has got a number since.
    let there = Set(try processes())
    let all = held.filter { there.contains($0.key) }.values
    return all.min { left, right in
      (left.stat.startTime, there.contains(left.stat.parent) ? 1 : 0)
        < (right.stat.startTime, there.contains(right.stat.parent) ? 1 : 0)
    }?.process
  }

  private struct Candidate {
    var process: MainProcess
    var stat: ProcessStat
  }
}

/// What `/proc/<pid>/stat` tells of a process (proc(5)).
struct ProcessStat: Equatable {
  var parent: Int32
  /// When it started, in hundredths of a second since the boot.
  var startTime: UInt64

  /// Reads the file; nil if the process has gone.
  init?(of pid: Int32) throws {
    do {
      try self.init(text: try textFile("/proc/\(pid)/stat"))
    } catch let error as LinuxError where [.kernel(ENOENT), .kernel(ESRCH)].contains(error.reason) {
      return nil
    }
  }

  /// Reads the text: fields 4 and 22, counted from behind the name, which may hold anything.
  init(text: String) throws {
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    guard fields.count > 20, let parent = Int32(fields[2]), let startTime = UInt64(fields[20]) else {
      throw LinuxError("read `stat` of a process", .malformed("unexpected text `\(text.prefix(80))`"))
    }
    self.parent = parent
    self.startTime = startTime
  }
}
