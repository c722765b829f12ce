/// What will happen, by time; of one moment, in the order in which it was planned. A binary heap.
struct Agenda<Incident> {
  private struct Entry {
    var time: Int64
    var order: Int
    var incident: Incident
  }

  private var heap: [Entry] = []
  private var planned = 0

  var isEmpty: Bool { heap.isEmpty }
  var count: Int { heap.count }

  /// When the next thing happens; nil if nothing will.
  var nextTime: Int64? { heap.first?.time }

  /// Plans something.
  mutating func plan(_ incident: Incident, at time: Int64) {
    heap.append(Entry(time: time, order: planned, incident: incident))
    planned += 1
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard isBefore(child, parent) else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes out what happens next; nil if nothing will.
  mutating func next() -> (time: Int64, incident: Incident)? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return (first.time, first.incident) }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, least) {
        least = child
      }
      guard least != parent else { return (first.time, first.incident) }
      heap.swapAt(parent, least)
      parent = least
    }
  }

  /// Forgets all that fits.
  mutating func forget(where fits: (Incident) -> Bool) {
    let kept = heap.filter { !fits($0.incident) }
    guard kept.count < heap.count else { return }
    // Sorted, it is a heap.
    heap = kept.sorted { ($0.time, $0.order) < ($1.time, $1.order) }
  }

  private func isBefore(_ left: Int, _ right: Int) -> Bool {
    (heap[left].time, heap[left].order) < (heap[right].time, heap[right].order)
  }
}
