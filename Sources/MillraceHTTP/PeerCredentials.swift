import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Who is at the other end of a Unix socket, as the kernel noted it at connect (`SO_PEERCRED`, unix(7)).
package struct PeerCredentials: Sendable, Equatable {
  package var process: Int32
  package var user: UInt32
  package var group: UInt32

  /// The users who may always call: the runner's own and root.
  package static var ownUsers: Set<UInt32> { [geteuid(), 0] }

  /// Reads the credentials of a channel's peer; nil if it is no Unix socket.
  static func read(from channel: any Channel) async throws -> PeerCredentials? {
    guard let socket = channel as? any SocketOptionProvider else { return nil }
    let credentials: KernelCredentials =
      try await socket.unsafeGetSocketOption(level: .socket, name: .init(rawValue: SO_PEERCRED)).get()
    guard credentials.user != .max else { return nil }  // The kernel's answer for any other socket.
    return PeerCredentials(
      process: credentials.process, user: credentials.user, group: credentials.group)
  }

  /// `struct ucred`, which Glibc's module does not show.
  private struct KernelCredentials: Sendable {
    var process: Int32 = 0
    var user: UInt32 = .max
    var group: UInt32 = .max
  }
}

/// What is known of a request beside its bytes.
struct APIContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel
  /// Who sent it; nil until `AccessMiddleware` has found out, and if nobody knows.
  var principal: Principal?

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}
