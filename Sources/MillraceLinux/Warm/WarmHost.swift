import MillraceCore
import MillraceEngine

/// What a warm host has here: its cgroup, what it prints, and who waits for it.
final class WarmHost {
  let number: UInt32
  /// The group of its plugin, by name.
  let group: String
  let leaf: Leaf
  /// The read end of the pipe that is its stdout and stderr.
  let log: Descriptor
  /// The most memory that it may have.
  let memory: Bytes
  /// The attempts that start as soon as it can fork them, in order.
  var line: [LaunchPlan] = []
  /// Why it is of no use, if that is known before its end.
  var fault: String?
  /// How much of what it prints is still told.
  var outputLeft = 16 << 10

  init(number: UInt32, group: String, leaf: Leaf, log: consuming Descriptor, memory: Bytes) {
    self.number = number
    self.group = group
    self.leaf = leaf
    self.log = log
    self.memory = memory
  }

  /// The name of a host's cgroup, beside those of its plugin's attempts.
  static func leafName(_ number: UInt32) -> String { "host-\(number)" }
}
