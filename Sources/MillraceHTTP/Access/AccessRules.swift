import MillraceCore
package import MillraceEngine
import MillraceSocket
import MillraceWire

/// Who may call, and as what.
package struct AccessRules: Sendable {
  /// The users who may do everything, on the Unix socket: the runner's own and root.
  package var admins = PeerCredentials.ownUsers
  /// The group whose members may submit and change their own jobs, on the Unix socket; nil for none.
  package var group: UInt32?
  /// Who may call over TCP; nil for nobody.
  package var tokens: (any TokenRegister)?
  /// The names, beside those of the loopback interface, under which a browser may know this runner.
  package var hosts: Set<String> = []

  package init() {}

  /// Returns who is at the other end of the Unix socket.
  /// - Throws: `Problem` (403) if they may do nothing.
  func principal(_ peer: PeerCredentials) throws -> Principal {
    guard let role = role(of: peer) else {
      throw Problem.forbidden(
        "user `\(UserName.of(peer.user))` may not call this runner",
        hint: "join the group that the runner's setting `access.group` names, or be its user or root")
    }
    return Principal(name: UserName.of(peer.user), role: role, origin: "pid \(peer.process)")
  }

  private func role(of peer: PeerCredentials) -> Role? {
    if admins.contains(peer.user) { return .admin }
    guard let group, peer.group == group || UserName.isMember(peer.user, of: group) else { return nil }
    return .submitter
  }
}
