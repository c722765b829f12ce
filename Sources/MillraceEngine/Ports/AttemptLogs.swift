package import MillraceCore

/// The output of attempts: lines of the handler and of Millrace, capped.
package protocol AttemptLogs: Sendable {
  /// Returns the log of an attempt from a byte offset on; nil if there is none.
  ///
  /// The head and the tail of a log over the cap are kept, with "N bytes dropped" between them; offsets
  /// count in what is kept.
  func read(_ attempt: AttemptID, from offset: Int64, atMost count: Int) async throws -> [UInt8]?
  /// Returns the log as it grows, until the attempt has ended; nil if there is none.
  func follow(_ attempt: AttemptID) async throws -> AsyncStream<[UInt8]>?
}
