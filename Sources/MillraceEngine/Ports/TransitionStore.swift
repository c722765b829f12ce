package import MillraceCore

/// Where transitions are kept for a while, and from where they are told.
///
/// Every write of the store adds its transitions in its own transaction. Their numbers count on by one: who
/// knows a number can go on behind it without missing one.
package protocol TransitionStore: Sendable {
  /// What tells of transitions as soon as they are committed.
  var live: LiveFeed { get }
  /// Returns the transitions with numbers above `last`, those of the lowest first: whole rows, so that the
  /// first can begin before; at most `count` rows.
  func transitions(after last: Int64, atMost count: Int) async throws -> [TransitionRow]
  /// Returns the numbers of those on record; nil if there was none yet. The newest row always stays.
  func transitionNumbers() async throws -> ClosedRange<Int64>?
}
