/// Reads the jobs of one lane in order; of one with an order of its own, only the first.
struct LaneReader: Comparable {
  /// The next job, with the lane's offset in its rank.
  private(set) var head: JobQueue.Entry
  private let queue: JobQueue?
  private let offset: Int64
  private var cursor = JobQueue.Cursor()

  /// Begins to read a lane that is not empty.
  init(_ lane: Lane, offset: Int64) {
    guard let first = lane.first else { preconditionFailure("the lane is empty") }
    queue = lane.successors
    self.offset = offset
    head = first.moved(by: offset)
  }

  /// Moves on to the next job; returns whether there is one.
  mutating func advance() -> Bool {
    guard let queue else { return false }
    queue.advance(&cursor)
    guard let next = queue.entry(at: cursor) else { return false }
    head = next.moved(by: offset)
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
