internal import FoundationEssentials
private import Synchronization

/// One job of a handler: done in a task, while the thread that Millrace called waits for the end.
final class HandlerRun: Sendable {
  private let context: Context
  private let alarm = Alarm()
  private let end = Mutex<Result<JobResult, any Error>?>(nil)

  init(_ context: Context) { self.context = context }

  /// Does the job, and cancels its task when the job is asked to stop.
  ///
  /// - Returns: what the handler has made.
  /// - Throws: what the handler threw, or a ``JobFailure``.
  func result(of type: any Handler.Type) throws -> JobResult {
    let task = Task {
      let end: Result<JobResult, any Error>
      do { end = .success(try await run(type)) } catch { end = .failure(error) }
      self.end.withLock { $0 = end }
      alarm.ring()
    }
    while true {
      if let end = end.withLock({ $0 }) { return try end.get() }
      if context.isCancelled { task.cancel() }
      alarm.wait()
    }
  }

  private func run<Kind: Handler>(_ type: Kind.Type) async throws -> JobResult {
    let parameters: Kind.Parameters
    do {
      let decoder = JSONDecoder()
      decoder.dateDecodingStrategy = .iso8601
      parameters = try decoder.decode(Kind.Parameters.self, from: context.parameters)
    } catch {
      throw JobFailure(parameters: error)
    }
    return try Kind.jobResult(of: try await Kind().run(parameters, in: context))
  }
}
