/// What the attempts at a job leave to the next one.
package struct Carryover: Hashable, Sendable, Codable {
  /// Its memory limit; nil for that of the job's terms.
  package var memory: Bytes?
  /// How long it may run; nil for the timeout of the job's terms.
  package var timeout: Duration?
  /// The most memory that one held when it was taken away for lack of memory; nil if none was.
  package var shown: Bytes?
  /// How many in a row were lost.
  package var losses = 0
  /// How many in a row crashed.
  package var crashes = 0

  package init() {}
}
