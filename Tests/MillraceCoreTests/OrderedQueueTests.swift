import TestSupport
import Testing

@testable import MillraceCore

@Suite("An ordered queue")
struct OrderedQueueTests {
  typealias Entry = JobQueue.Entry

  /// All entries, read by a cursor.
  private func entries(of queue: JobQueue) -> [Entry] {
    var cursor = JobQueue.Cursor()
    var entries: [Entry] = []
    while let entry = queue.entry(at: cursor) {
      entries.append(entry)
      queue.advance(&cursor)
    }
    return entries
  }

  @Test("after any operations it is the same as a sorted list", arguments: 0..<50)
  func againstSortedList(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var queue = JobQueue()
    var list: [Entry] = []
    var next: Int64 = 1
    for _ in 0..<300 {
      switch Int.random(in: 0..<5, using: &random) {
      case 0, 1, 2:
        // Few ranks, so that many are equal.
        let entry = Entry(rank: Int64.random(in: -5...5, using: &random), member: JobID(next))
        next += 1
        queue.insert(entry.member, rank: entry.rank)
        list.append(entry)
        list.sort()
      case 3:
        let gone = list.randomElement(using: &random) ?? Entry(rank: 0, member: JobID(next))
        let wasThere = queue.remove(gone.member, rank: gone.rank)
        #expect(wasThere == list.contains(gone))
        list.removeAll { $0 == gone }
      default:
        guard let first = queue.first else { break }
        queue.remove(first.member, rank: first.rank)
        #expect(list.first == first)
        list.removeFirst()
      }
      #expect(queue.count == list.count)
      #expect(queue.isEmpty == list.isEmpty)
      #expect(queue.first == list.first)
    }
    #expect(entries(of: queue) == list)
  }

  @Test("100,000 random entries come and go in the order of a sorted array")
  func large() {
    var random = SeededGenerator(seed: 7)
    let all = (1...100_000).map {
      Entry(rank: Int64.random(in: -20_000...20_000, using: &random), member: JobID($0))
    }
    var queue = JobQueue()
    for entry in all { queue.insert(entry.member, rank: entry.rank) }
    var sorted = all.sorted()
    #expect(queue.count == 100_000)
    #expect(entries(of: queue) == sorted)
    for place in stride(from: 0, to: sorted.count, by: 997) {
      #expect(queue.countBefore(rank: sorted[place].rank, member: sorted[place].member) == place)
    }
    var gone = all.shuffled(using: &random)[..<60_000]
    while let entry = gone.popFirst() {
      let wasThere = queue.remove(entry.member, rank: entry.rank)
      #expect(wasThere)
    }
    let left = Set(entries(of: queue).map(\.member))
    sorted.removeAll { !left.contains($0.member) }
    #expect(queue.count == 40_000 && sorted.count == 40_000)
    #expect(entries(of: queue) == sorted)
    for entry in sorted {
      #expect(queue.first == entry)
      queue.remove(entry.member, rank: entry.rank)
    }
    #expect(queue.isEmpty && queue.first == nil)
  }

  @Test("equal ranks go by job number, whatever the order they came in")
  func ties() {
    var queue = JobQueue()
    for job in [3, 1, 2] { queue.insert(JobID(Int64(job)), rank: 7) }
    #expect(entries(of: queue).map(\.member) == [JobID(1), JobID(2), JobID(3)])
  }

  @Test("taking out what is not there, or not at that rank, changes nothing")
  func absent() {
    var queue = JobQueue()
    let fromEmpty = queue.remove(JobID(1), rank: 0)
    queue.insert(JobID(1), rank: 0)
    let another = queue.remove(JobID(2), rank: 0)
    let later = queue.remove(JobID(1), rank: 1)
    let sooner = queue.remove(JobID(1), rank: -1)
    #expect(!fromEmpty && !another && !later && !sooner)
    #expect(queue.first?.member == JobID(1))
    #expect(queue.count == 1)
  }

  @Test("tells how many come before a place, also one where nobody is")
  func countBefore() {
    var queue = JobQueue()
    #expect(queue.countBefore(rank: 0, member: JobID(1)) == 0)
    for job in 1...10 { queue.insert(JobID(Int64(job)), rank: Int64(job / 2)) }
    #expect(queue.countBefore(rank: -1, member: JobID(99)) == 0)
    #expect(queue.countBefore(rank: 1, member: JobID(0)) == 1)
    #expect(queue.countBefore(rank: 1, member: JobID(3)) == 2)
    #expect(queue.countBefore(rank: 99, member: JobID(0)) == 10)
  }

  @Test("the ends of the number range are ranks like any others")
  func extremes() {
    var queue = JobQueue()
    queue.insert(JobID(1), rank: .max)
    queue.insert(JobID(2), rank: .min)
    queue.insert(JobID(3), rank: 0)
    #expect(entries(of: queue).map(\.member) == [JobID(2), JobID(3), JobID(1)])
    #expect(queue.countBefore(rank: .max, member: JobID(.max)) == 3)
  }
}
