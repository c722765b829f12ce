/// The cgroup of a plugin, in which its leaves are made; kept open.
final class PluginGroup: Sendable {
  let name: String
  let directory: Descriptor
  /// The controllers that its leaves have.
  let controllers: [String]

  init(name: String, directory: consuming Descriptor, controllers: [String]) {
    self.name = name
    self.directory = directory
    self.controllers = controllers
  }
}
