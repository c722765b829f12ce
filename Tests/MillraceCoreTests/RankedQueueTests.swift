import TestSupport
import Testing

@testable import MillraceCore

@Suite("A ranked queue")
struct RankedQueueTests {
  @Test("after any operations it is the same as a sorted list", arguments: 0..<100)
  func againstSortedList(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var queue = RankedQueue()
    var list: [RankedQueue.Entry] = []
    var next: Int64 = 1
    for _ in 0..<300 {
      switch Int.random(in: 0..<5, using: &random) {
      case 0, 1, 2:
        // Few ranks, so that many are equal.
        let entry = RankedQueue.Entry(rank: Int64.random(in: -5...5, using: &random), job: JobID(next))
        next += 1
        queue.push(entry.job, rank: entry.rank)
        list.append(entry)
        list.sort()
      case 3:
        let gone = list.randomElement(using: &random)?.job ?? JobID(next)
        let wasThere = queue.remove(gone)
        #expect(wasThere == list.contains { $0.job == gone })
        list.removeAll { $0.job == gone }
      default:
        guard let first = queue.first else { break }
        queue.remove(first.job)
        #expect(list.first == first)
        list.removeFirst()
      }
      #expect(queue.count == list.count)
      #expect(queue.first == list.first)
    }
    while let first = queue.first {
      queue.remove(first.job)
      #expect(list.first == first)
      list.removeFirst()
    }
    #expect(list.isEmpty)
  }

  @Test("equal ranks go by job number, whatever the order they came in")
  func ties() {
    var queue = RankedQueue()
    for job in [3, 1, 2] { queue.push(JobID(Int64(job)), rank: 7) }
    var order: [Int64] = []
    while let first = queue.first?.job {
      order.append(first.rawValue)
      queue.remove(first)
    }
    #expect(order == [1, 2, 3])
  }

  @Test("taking out what is not there changes nothing")
  func absent() {
    var queue = RankedQueue()
    let fromEmpty = queue.remove(JobID(1))
    queue.push(JobID(1), rank: 0)
    let another = queue.remove(JobID(2))
    #expect(!fromEmpty && !another)
    #expect(queue.first?.job == JobID(1))
  }
}
