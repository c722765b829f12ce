/// The present run of the machine, from its start to its next one.
package enum Boot {
  /// The kernel's name for it: a UUID (random(4)).
  package static func id() throws -> String {
    try textFile("/proc/sys/kernel/random/boot_id").split(separator: "\n").first.map(String.init) ?? ""
  }
}
