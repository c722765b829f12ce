import Glibc

/// Starts a thread that nobody waits for: it ends when `body` returns.
///
/// - Parameters:
///   - purpose: whose thread it is: "launcher".
///   - body: what it does.
/// - Throws: `LinuxError`.
package func startThread(ofThe purpose: String, _ body: @escaping @Sendable () -> Void) throws {
  var thread = pthread_t()
  let work = Unmanaged.passRetained(ThreadBody(body))
  let result = pthread_create(
    &thread, nil,
    { raw in
      guard let raw else { return nil }
      Unmanaged<ThreadBody>.fromOpaque(raw).takeRetainedValue().body()
      return nil
    }, work.toOpaque())
  guard result == 0 else {
    work.release()
    throw LinuxError("start the thread of the \(purpose)", .kernel(result))
  }
  pthread_detach(thread)
}

private final class ThreadBody: Sendable {
  let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
