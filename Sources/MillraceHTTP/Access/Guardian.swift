import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import MillraceCore
import MillraceEngine
import MillraceWire

/// Lets requests pass whose sender may do what they ask for, and keeps who had what changed.
struct Guardian: Sendable {
  let history: any HistoryReader
  /// Nil if nothing is kept.
  let audit: (any AuditStore)?
  let logger: Logger

  func pass(
    _ request: Request, _ context: APIContext, needs need: Need, audits: Bool,
    use respond: (Request, APIContext) async throws -> Response
  ) async throws -> Response {
    guard audits, let principal = context.principal, let audit else {
      try await check(context, needs: need)
      return try await respond(request, context)
    }
    let entry = AuditEntry(
      time: Timestamp(microseconds: Int64(time(nil)) * 1_000_000), principal: principal.name,
      role: principal.role.rawValue, origin: principal.origin,
      action: "\(request.method.rawValue) \(request.uri.path)", status: 0)
    do {
      try await check(context, needs: need)
      let response = try await respond(request, context)
      await note(entry, response.status.code, in: audit)
      return response
    } catch {
      await note(entry, Problem(answering: error, to: request)?.status ?? 500, in: audit)
      throw error
    }
  }

  /// What was done is done: that it could not be noted is all that can still be said.
  private func note(_ entry: AuditEntry, _ status: Int, in audit: any AuditStore) async {
    var entry = entry
    entry.status = status
    do { try await audit.note(entry) } catch {
      logger.error(
        "a change is not in the audit",
        metadata: [
          "by": "\(entry.principal)", "from": "\(entry.origin)", "action": "\(entry.action)",
          "status": "\(status)", "error": "\(error)",
        ])
    }
  }

  private func check(_ context: APIContext, needs need: Need) async throws {
    guard let least = need.least else { return }
    guard let principal = context.principal else { throw Problem.unauthenticated("this takes a token") }
    guard principal.role >= least else {
      throw Problem.forbidden(
        "`\(principal.name)` is \(principal.role.rawValue), and this takes \(least.rawValue)")
    }
    guard case .ownership(let subject) = need, principal.role < .operator else { return }
    guard try await owners(of: subject, context).allSatisfy({ $0 == principal.name }) else {
      throw Problem.forbidden("only who submitted it, or an operator, may change it")
    }
  }

  /// The owners of all jobs that would be changed; of none if there is no such thing: that is told as usual.
  private func owners(of subject: Need.Subject, _ context: APIContext) async throws -> [String?] {
    switch subject {
    case .job: try await history.job(try context.jobID).map { [$0.submission.owner] } ?? []
    case .workflow:
      // All of its jobs were submitted at once.
      if let first = try await history.workflow(try context.workflowID)?.jobs.first {
        try await history.job(first.job).map { [$0.submission.owner] } ?? []
      } else {
        []
      }
    }
  }
}
