import MillraceCore
import MillraceLinux
import MillraceYAML

extension ConfigurationReader {
  /// Reads what holds for warm hosts.
  mutating func applyWarm(_ section: Setting) {
    let spans = Duration.seconds(1)...Setting.year
    for setting in section.settings(known: ["hosts", "memory", "idle", "binding", "warm_up", "first_id"]) {
      switch setting.name {
      case "hosts": set(&configuration.warm.hosts, setting.count(0...200))
      case "memory": set(&configuration.warm.memory, setting.hostMemory())
      case "idle": set(&configuration.warm.idle, setting.duration(spans))
      case "binding": set(&configuration.warm.binding, setting.duration(spans))
      case "warm_up": set(&configuration.warm.warmUp, setting.duration(spans))
      default: set(&configuration.warm.firstID, setting.count(1...2_000_000_000).map { UInt32($0) })
      }
    }
  }
}

extension Setting {
  /// Reads the most memory of a warm host.
  func hostMemory() -> Bytes? { bytes(.mebibytes(4)...Bytes.gibibytes(1 << 20)) }
}
