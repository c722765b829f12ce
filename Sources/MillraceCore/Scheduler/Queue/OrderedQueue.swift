/// Jobs, schedules or names in the order of a rank: sorted runs of bounded length.
///
/// The smallest rank is first; equal ranks go by member. The entry of a number has 16 bytes. Insertion and
/// removal cost a binary search over the runs and one move within a run of at most `maxRun` entries; reading
/// on from any place costs nothing more.
package struct OrderedQueue<Member: Comparable & Sendable>: Sendable {
  /// A member and its place in the order.
  package struct Entry: Comparable, Sendable {
    package var rank: Int64
    package var member: Member

    package static func < (left: Entry, right: Entry) -> Bool {
      left.rank == right.rank ? left.member < right.member : left.rank < right.rank
    }

    /// Returns the entry so much further back.
    func moved(by offset: Int64) -> Entry { Entry(rank: rank.adding(clamped: offset), member: member) }
  }

  /// A longer run is split in two.
  private static var maxRun: Int { 1024 }

  private var runs: [[Entry]] = []
  private(set) var count = 0

  package init() {}

  var isEmpty: Bool { count == 0 }

  /// The one that comes first; nil if there is none.
  package var first: Entry? { runs.first?.first }

  /// Adds one that is not in the queue.
  package mutating func insert(_ member: Member, rank: Int64) {
    let entry = Entry(rank: rank, member: member)
    count += 1
    guard !runs.isEmpty else { return runs.append([entry]) }
    let run = min(runIndex(of: entry), runs.count - 1)
    runs[run].insert(entry, at: Self.place(of: entry, in: runs[run]))
    if runs[run].count > Self.maxRun { split(run) }
  }

  /// Takes one out; returns whether it was there.
  @discardableResult
  package mutating func remove(_ member: Member, rank: Int64) -> Bool {
    let entry = Entry(rank: rank, member: member)
    let run = runIndex(of: entry)
    guard run < runs.count else { return false }
    let place = Self.place(of: entry, in: runs[run])
    guard place < runs[run].count, runs[run][place] == entry else { return false }
    runs[run].remove(at: place)
    if runs[run].isEmpty { runs.remove(at: run) }
    count -= 1
    return true
  }

  /// Returns how many come before a place in the order.
  func countBefore(rank: Int64, member: Member) -> Int {
    let entry = Entry(rank: rank, member: member)
    let run = runIndex(of: entry)
    let whole = runs[..<run].reduce(0) { $0 + $1.count }
    return run < runs.count ? whole + Self.place(of: entry, in: runs[run]) : whole
  }

  /// A place from which the queue can be read on; no longer valid when the queue has changed.
  struct Cursor: Sendable {
    fileprivate var run = 0
    fileprivate var place = 0
  }

  /// Returns the entry at a place; nil behind the last one.
  func entry(at cursor: Cursor) -> Entry? {
    cursor.run < runs.count ? runs[cursor.run][cursor.place] : nil
  }

  /// Returns the place of the first entry behind one, which need not be in the queue.
  func cursor(behind member: Member, rank: Int64) -> Cursor {
    let entry = Entry(rank: rank, member: member)
    let run = runIndex(of: entry)
    guard run < runs.count else { return Cursor(run: run, place: 0) }
    var cursor = Cursor(run: run, place: Self.place(of: entry, in: runs[run]))
    if self.entry(at: cursor) == entry { advance(&cursor) }
    return cursor
  }

  /// Moves on to the next entry.
  func advance(_ cursor: inout Cursor) {
    cursor.place += 1
    if cursor.place >= runs[cursor.run].count { cursor = Cursor(run: cursor.run + 1, place: 0) }
  }

  /// The first run whose last entry is not before `entry`.
  private func runIndex(of entry: Entry) -> Int {
    var low = 0
    var high = runs.count
    while low < high {
      let middle = (low + high) / 2
      if runs[middle][runs[middle].count - 1] < entry { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func place(of entry: Entry, in run: [Entry]) -> Int {
    var low = 0
    var high = run.count
    while low < high {
      let middle = (low + high) / 2
      if run[middle] < entry { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func split(_ run: Int) {
    let half = runs[run].count / 2
    let tail = Array(runs[run][half...])
    runs[run].removeSubrange(half...)
    runs.insert(tail, at: run + 1)
  }
}

/// Jobs in the order of a rank.
typealias JobQueue = OrderedQueue<JobID>
