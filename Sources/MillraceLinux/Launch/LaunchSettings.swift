package import MillraceCore

/// Where and as whom attempts run.
package struct LaunchSettings: Sendable {
  /// The program `millrace-host`.
  package var host: String
  /// The socket on which the keeper listens; on a tmpfs, at most 107 bytes long.
  package var keeperSocket: String
  /// Libraries that the keeper loads ahead for its children.
  package var preload: [String]
  /// Where work directories are made; jobs must be able to pass through.
  package var workDirectory: String
  /// As whom jobs run; only root can choose.
  package var identity: Identity
  /// As whom the jobs of single plugins run.
  package var pluginIdentities: [String: Identity]
  /// How the jobs of single handlers start.
  package var tiers: [String: StartTier]
  /// How all others start, unless their plugin is a warm one.
  package var tier: StartTier
  package var warm: WarmSettings
  /// How many descriptors a job may open.
  package var maxOpenFiles: Int
  /// The largest result.
  package var maxResult: Bytes

  /// A user and its group.
  package struct Identity: Sendable, Hashable {
    package var uid: UInt32
    package var gid: UInt32

    package init(uid: UInt32, gid: UInt32) {
      self.uid = uid
      self.gid = gid
    }
  }

  /// As whom the jobs of a plugin run, which bears the name of its group.
  func identity(of group: String) -> Identity { pluginIdentities[group] ?? identity }

  /// As whom the jobs of a plugin run: what the configuration says comes before the file beside it.
  func identity(of plugin: Plugin) -> Identity {
    pluginIdentities[plugin.name] ?? plugin.user.map { Identity(uid: $0.uid, gid: $0.gid) } ?? identity
  }

  /// How the jobs of a handler start: what the configuration says comes before the file beside the plugin.
  func tier(of handler: String, in plugin: Plugin) -> StartTier {
    let described = plugin.handlers.first { $0.name == handler }
    let isWarm = plugin.isWarm && !(described?.isNeverWarm ?? false)
    return tiers[handler] ?? described?.tier ?? (isWarm ? .warm : tier)
  }

  /// Makes settings; what is left out has its default.
  package init(
    host: String, keeperSocket: String, workDirectory: String, identity: Identity, preload: [String] = [],
    pluginIdentities: [String: Identity] = [:], tiers: [String: StartTier] = [:], tier: StartTier = .template,
    warm: WarmSettings = WarmSettings(), maxOpenFiles: Int = 1024, maxResult: Bytes = .mebibytes(64)
  ) {
    self.host = host
    self.keeperSocket = keeperSocket
    self.preload = preload
    self.workDirectory = workDirectory
    self.identity = identity
    self.pluginIdentities = pluginIdentities
    self.tiers = tiers
    self.tier = tier
    self.warm = warm
    self.maxOpenFiles = maxOpenFiles
    self.maxResult = maxResult
  }
}
