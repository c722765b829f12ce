/// Does the kernel have what the runner builds on?
struct KernelCheck: Check {
  let name = "kernel"
  /// As `uname -r` says: `6.1.0-49-amd64`.
  let release: String
  let hasPressureFigures: Bool

  /// What came with which version of Linux.
  private enum Feature: CaseIterable {
    case startInCgroup, killCgroup, memoryPeak, pidsPeak

    var version: (Int, Int) {
      switch self {
      case .startInCgroup: (5, 7)
      case .killCgroup: (5, 14)
      case .memoryPeak: (5, 19)
      case .pidsPeak: (6, 6)
      }
    }

    var name: String {
      switch self {
      case .startInCgroup: "start in a cgroup (clone3)"
      case .killCgroup: "`cgroup.kill`"
      case .memoryPeak: "`memory.peak`"
      case .pidsPeak: "`pids.peak`"
      }
    }

    /// Whether nothing works without it.
    var isNeeded: Bool {
      switch self {
      case .startInCgroup, .killCgroup: true
      case .memoryPeak, .pidsPeak: false
      }
    }
  }

  func finding() -> Finding {
    guard let version = Self.version(of: release) else {
      return failure("`\(release)` is no version of Linux that can be read")
    }
    let missing = Feature.allCases.filter { $0.version > version }
    let list = missing.map { "\($0.name) (Linux \($0.version.0).\($0.version.1))" }.joined(separator: ", ")
    let newer = "sudo apt-get install linux-image-amd64 && sudo reboot"
    if missing.contains(where: \.isNeeded) {
      return failure("Linux \(release) has no \(list)", mend: [newer])
    }
    if missing.contains(.memoryPeak) {
      return warning("Linux \(release) has no \(list): memory peaks stay unknown", mend: [newer])
    }
    guard hasPressureFigures else {
      return warning(
        "Linux \(release) shows no pressure (PSI): admission goes by memory alone",
        mend: [KernelCommandLine.withPressure])
    }
    return ok("Linux \(release)" + (missing.isEmpty ? "" : ", without \(list)"))
  }

  /// Reads the first two numbers of a release.
  static func version(of release: String) -> (Int, Int)? {
    let numbers = release.split(separator: ".", maxSplits: 2)
    guard numbers.count >= 2, let major = Int(numbers[0]),
      let minor = Int(numbers[1].prefix { $0.isASCII && $0.isNumber })
    else { return nil }
    return (major, minor)
  }
}
