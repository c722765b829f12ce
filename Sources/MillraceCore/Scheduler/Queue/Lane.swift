/// What jobs have in common that wait in one line: their handler, and whose they are where shares count.
struct LaneKey: Hashable, Sendable {
  var handler: String
  /// The owner or label value that fair share counts by; nil without fair share.
  var share: String?
}

/// The jobs of one handler (and share) in the order of rank. A closed handler holds back its own lane only.
struct Lane: Sendable {
  let key: LaneKey
  var queue = OrderedQueue()
}
