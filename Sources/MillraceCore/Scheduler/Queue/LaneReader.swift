/// Reads the jobs of one lane in order; of one with an order of its own only the first, unless all are
/// wanted.
struct LaneReader: Comparable {
  /// The next job, with the lane's offset in its rank.
  private(set) var head: JobQueue.Entry
  private let queue: JobQueue?
  private let offset: Int64
  /// Whether jobs stand in an order that is not that of their ranks: each comes right behind the one before.
  private let isLine: Bool
  private var cursor = JobQueue.Cursor()

  /// Begins to read a lane that is not empty; `whole` reads all of its jobs in any case.
  init(_ lane: Lane, offset: Int64, whole: Bool = false) {
    guard let first = lane.first else { preconditionFailure("the lane is empty") }
    queue = whole ? lane.queue : lane.successors
    isLine = !lane.lines.isEmpty
    self.offset = offset
    head = first.moved(by: offset)
  }

  /// Moves on to the next job; returns whether there is one.
  mutating func advance() -> Bool {
    guard let queue else { return false }
    queue.advance(&cursor)
    guard let next = queue.entry(at: cursor) else { return false }
    head = isLine ? JobQueue.Entry(rank: head.rank, member: next.member) : next.moved(by: offset)
    return true
  }

  static func == (left: LaneReader, right: LaneReader) -> Bool { left.head == right.head }
  static func < (left: LaneReader, right: LaneReader) -> Bool { left.head < right.head }
}

extension [LaneReader] {
  /// Where a reader belongs in the order from the last to the first.
  func place(of reader: LaneReader) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] > reader { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
