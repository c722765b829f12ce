import MillraceCore
import MillraceHTTP
import MillraceYAML

/// Who may call the runner, beside its own user and root.
struct AccessSettings: Sendable, Equatable {
  /// The group whose members may submit jobs and change their own; nil for none.
  var group: String?
  /// Where it listens for TCP; nil for nowhere.
  var listen: TCPAddress?
  /// The file with the hashes of tokens, for callers over TCP.
  var tokens: String?
  /// Names of this machine, beside those of the loopback interface, under which browsers may ask.
  var hosts: [String] = []
}

/// The section that says who may call.
extension ConfigurationReader {
  mutating func applyAccess(_ section: Setting) {
    var isRemote = false
    var listening: Setting?
    for setting in section.settings(known: ["group", "listen", "remote", "tokens", "hosts"]) {
      switch setting.name {
      case "group": set(&configuration.access.group, setting.text())
      case "listen":
        listening = setting
        set(
          &configuration.access.listen,
          setting.value("an address and a port, like 127.0.0.1:8274 or [::1]:8274") { TCPAddress(text: $0) })
      case "remote": set(&isRemote, setting.flag())
      case "tokens": set(&configuration.access.tokens, setting.absolutePath())
      default: configuration.access.hosts = setting.elements().compactMap { $0.text()?.lowercased() }
      }
    }
    guard let listening, let address = configuration.access.listen else { return }
    if configuration.access.tokens == nil { listening.mistake("needs `tokens`: a file with their hashes") }
    if !address.isLoopback && !isRemote {
      listening.mistake(
        "lets other machines connect, and nothing is encrypted: say `remote: true` if a proxy does that")
    }
  }
}
