import MillraceCore
import MillraceEngine

/// Tells from the record whether a build crashes and does nothing else.
struct BuildJudge: Sendable {
  /// So many attempts must have crashed.
  let crashes: Int
  let history: any HistoryReader

  /// How attempts end that have come to a word of their own: then it is not the build that crashes.
  private static let words: [Outcome] = [.succeeded, .error, .snoozed]

  /// Returns the build of an attempt; nil if it is not on record.
  func build(of attempt: AttemptID) async throws -> String? {
    try await history.attempts(of: attempt.job).first { $0.id == attempt }?.pluginSHA256
  }

  /// Returns why a build must not serve any more; nil if nothing speaks against it.
  func fault(of build: Build) async throws -> String? {
    var filter = HistoryFilter()
    filter.build = build.sha256
    filter.since = build.since
    filter.outcomes = [.crashed]
    filter.limit = crashes
    let crashed = try await history.history(matching: filter)
    guard crashed.count == crashes, let last = crashed.first?.attempt else { return nil }
    filter.outcomes = Self.words
    filter.limit = 1
    guard try await history.history(matching: filter).isEmpty else { return nil }
    return "its first \(crashes) attempts crashed, the last of them was \(last.id)"
  }
}
