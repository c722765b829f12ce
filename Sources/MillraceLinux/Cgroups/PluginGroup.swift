/// The cgroup of a plugin, in which its leaves are made; kept open.
final class PluginGroup: Sendable {
  let name: String
  let directory: Descriptor

  init(name: String, directory: consuming Descriptor) {
    self.name = name
    self.directory = directory
  }
}
