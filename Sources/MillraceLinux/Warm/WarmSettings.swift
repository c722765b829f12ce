package import MillraceCore

/// How many warm hosts there may be, how large and for how long.
package struct WarmSettings: Sendable, Equatable {
  /// How many at once, of all plugins; 0 for none.
  package var hosts: Int
  /// The most memory of each; a plugin may have its own.
  package var memory: Bytes
  /// How long one is kept that nobody needs.
  package var idle: Duration
  /// How long one stays prepared for an affinity key that nobody asks for.
  package var binding: Duration
  /// How long a plugin may take to warm up, or to prepare for a key.
  package var warmUp: Duration
  /// The gid that alone may put processes into the leaves of warm hosts' jobs, and the first of the uids that
  /// hosts have: as many as there are hosts follow it. No other user or group may have them.
  package var firstID: UInt32

  /// Makes settings; what is left out has its default.
  package init(
    hosts: Int = 8, memory: Bytes = .mebibytes(512), idle: Duration = .seconds(300),
    binding: Duration = .seconds(1800), warmUp: Duration = .seconds(60), firstID: UInt32 = 60_800
  ) {
    self.hosts = hosts
    self.memory = memory
    self.idle = idle
    self.binding = binding
    self.warmUp = warmUp
    self.firstID = firstID
  }
}
