import Hummingbird
import HummingbirdCore
import NIOCore
import ServiceLifecycle

/// Writes a body that is sent as it grows.
struct LongBodyWriter: @unchecked Sendable {
  // SAFETY: whoever made it does not touch the writer until the child task that writes has ended.
  private let writer: any ResponseBodyWriter

  fileprivate init(_ writer: any ResponseBodyWriter) { self.writer = writer }

  /// Sends bytes; returns when the kernel has taken them, or a bounded buffer before it.
  func write(_ bytes: [UInt8]) async throws {
    var writer = writer
    try await writer.write(ByteBuffer(bytes: bytes))
  }
}

extension ResponseBody {
  /// Makes a body that `send` writes until it returns, the client is gone or the runner stops; then it ends.
  /// What else `send` throws breaks the connection off.
  init(to request: RequestBody, _ send: @escaping @Sendable (LongBodyWriter) async throws -> Void) {
    self.init { writer in
      let output = LongBodyWriter(writer)
      do {
        try await cancelWhenGracefulShutdown {
          try await request.consumeWithCancellationOnInboundClose { _ in try await send(output) }
        }
      } catch is CancellationError {
        // The client is gone, or the runner stops.
      }
      try await writer.finish(nil)
    }
  }
}
