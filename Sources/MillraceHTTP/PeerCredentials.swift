import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import MillraceWire
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
  /// Who sent it; nil until `PeerMiddleware` has asked the kernel.
  var peer: PeerCredentials?

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}

/// Lets only some users in.
struct PeerMiddleware: RouterMiddleware {
  let users: Set<UInt32>

  func handle(
    _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
  ) async throws -> Response {
    guard let peer = try await PeerCredentials.read(from: context.channel), users.contains(peer.user) else {
      throw Problem(
        type: "urn:millrace:forbidden", title: "forbidden", status: 403,
        detail: "only the runner's own user and root may call",
        hint: "run the command as the runner's user or as root")
    }
    var context = context
    context.peer = peer
    return try await next(request, context)
  }
}
