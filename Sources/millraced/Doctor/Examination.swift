import CMillraceLinux
import Glibc
import MillraceCore

/// All checks on this machine, for one configuration.
struct Examination: Sendable {
  let configuration: Configuration
  var machine = MachineFiles()
  /// How long the check of the database may take.
  var checkTime = DatabaseCheck.usualTime

  /// Looks at everything, and returns the findings in the order of the table.
  func findings() async -> [Finding] {
    let facts = CgroupProbe(machine: machine, configured: configuration.cgroupRoot).facts()
    let runner = SocketCheck(path: configuration.socket, answer: SocketCheck.ask(configuration.socket))
    let isRunnerThere = if case .status = runner.answer { true } else { false }
    let checks: [any Check] = [
      KernelCheck(
        release: Self.kernelRelease, hasPressureFigures: machine.text("/proc/pressure/memory") != nil),
      CgroupMountCheck(facts: facts), ControllersCheck(facts: facts, user: machine.user),
      CgroupRootCheck(facts: facts), LeftoverCheck(facts: facts, isRunnerThere: isRunnerThere),
      HostCheck(path: configuration.host, answer: HostCheck.ask(configuration.host)),
      PluginDirectoryCheck(machine: machine, path: configuration.plugins),
      StateDirectoryCheck(machine: machine, path: configuration.state),
      DatabaseCheck(file: configuration.database, time: checkTime, isRunnerThere: isRunnerThere), disk(),
      clock(),
      PressureCheck(machine: machine, rules: configuration.pressure), runner,
    ]
    var findings: [Finding] = []
    for check in checks { findings.append(await check.finding()) }
    return findings
  }

  private func disk() -> DiskCheck {
    let directory = machine.existingDirectory(above: configuration.state)
    var status = statvfs()
    guard statvfs(machine.root + directory, &status) == 0 else {
      return DiskCheck(path: directory, space: nil)
    }
    let block = Int64(status.f_frsize)
    return DiskCheck(
      path: directory,
      space: .init(
        free: Bytes(Int64(status.f_bavail) * block), total: Bytes(Int64(status.f_blocks) * block),
        files: UInt64(status.f_files), freeFiles: UInt64(status.f_favail)))
  }

  private func clock() -> ClockCheck {
    let state = millrace_clock_is_synchronised()
    return ClockCheck(
      now: time(nil), isSynchronised: state < 0 ? nil : state == 1,
      lastWrite: machine.status(configuration.database)?.changed)
  }

  private static var kernelRelease: String {
    var names = utsname()
    guard uname(&names) == 0 else { return "" }
    return withUnsafeBytes(of: names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
