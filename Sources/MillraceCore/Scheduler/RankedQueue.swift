/// Jobs in the order of a rank: a binary heap with an index, so that any job can be taken out.
///
/// The smallest rank is first; equal ranks go by job number. Push, pop and remove cost O(log n).
struct RankedQueue: Sendable {
  /// A job and its place in the order.
  struct Entry: Comparable, Sendable {
    var rank: Int64
    var job: JobID

    static func < (left: Entry, right: Entry) -> Bool {
      (left.rank, left.job) < (right.rank, right.job)
    }
  }

  private var heap: [Entry] = []
  private var places: [JobID: Int] = [:]

  /// How many jobs there are.
  var count: Int { heap.count }

  /// The job that comes first; nil if there is none.
  var first: Entry? { heap.first }

  /// Adds a job that is not in the queue.
  mutating func push(_ job: JobID, rank: Int64) {
    precondition(places[job] == nil, "job \(job) is queued already")
    heap.append(Entry(rank: rank, job: job))
    places[job] = heap.count - 1
    siftUp(heap.count - 1)
  }

  /// Takes a job out; returns whether it was there.
  @discardableResult
  mutating func remove(_ job: JobID) -> Bool {
    guard let place = places.removeValue(forKey: job) else { return false }
    let last = heap.removeLast()
    if place < heap.count {
      heap[place] = last
      places[last.job] = place
      siftUp(place)
      siftDown(places[last.job] ?? place)
    }
    return true
  }

  private mutating func siftUp(_ start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child] < heap[parent] else { return }
      swapAt(child, parent)
      child = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var parent = start
    while true {
      let left = 2 * parent + 1
      guard left < heap.count else { return }
      let right = left + 1
      let child = right < heap.count && heap[right] < heap[left] ? right : left
      guard heap[child] < heap[parent] else { return }
      swapAt(child, parent)
      parent = child
    }
  }

  private mutating func swapAt(_ first: Int, _ second: Int) {
    heap.swapAt(first, second)
    places[heap[first].job] = first
    places[heap[second].job] = second
  }
}
