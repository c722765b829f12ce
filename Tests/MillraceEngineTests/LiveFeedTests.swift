import MillraceCore
import TestSupport
import Testing

@testable import MillraceEngine

@Suite("Those who follow what changes", .timeLimit(.minutes(2)))
struct LiveFeedTests {
  /// A store with a job; `hold` makes a transition of it.
  private struct Stage {
    let store = MemoryJobStore()
    let job: JobID

    init() async throws { job = try await store.submit([Sample.plain()], at: Sample.time(0))[0] }

    func hold(times: Int) async throws {
      for time in 0..<times { try await store.commit([.held(job, time % 2 == 0)], at: Sample.time(1)) }
    }
  }

  /// The numbers of what comes next; a reset is its number, negative.
  private func numbers(_ reader: inout TransitionReader, atMost count: Int = .max) async throws -> [Int64] {
    var numbers: [Int64] = []
    while numbers.count < count, let part = try await reader.next() {
      switch part {
      case .rows(let rows, let seen):
        numbers += rows.flatMap { Array($0.first...$0.last) }.filter { $0 > seen }
      case .reset(let reset): numbers.append(-reset.resume)
      }
    }
    return numbers
  }

  @Test("one who begins now is told what comes, one who was told of a number what came behind it")
  func begin() async throws {
    let stage = try await Stage()
    try await stage.hold(times: 3)
    var now = TransitionReader(stage.store, after: nil)
    var behind = TransitionReader(stage.store, after: 2)
    var all = TransitionReader(stage.store, after: 0)
    #expect(try await numbers(&now) == [])
    #expect(try await numbers(&behind) == [3, 4])
    #expect(try await numbers(&all) == [1, 2, 3, 4])
    try await stage.hold(times: 2)
    #expect(try await numbers(&now) == [5, 6])
    #expect(try await numbers(&behind) == [5, 6])
    #expect(try await numbers(&all) == [5, 6])
  }

  @Test("whatever the readers do while it goes on, each is told everything once and in order")
  func seam() async throws {
    let stage = try await Stage()
    let total: Int64 = 9001
    try await withThrowingTaskGroup(of: [Int64].self) { group in
      group.addTask {
        for batch in 0..<90 {
          // Some of the size that no buffer takes, most small.
          let size = batch % 30 == 0 ? 2072 : 32
          try await stage.store.commit(
            (0..<size).map { .held(stage.job, $0 % 2 == 0) }, at: Sample.time(1))
        }
        return []
      }
      for reader in 0..<20 {
        group.addTask {
          var reader = TransitionReader(stage.store, after: Int64(reader % 2))
          var seen: [Int64] = []
          while seen.last ?? 0 < total {
            seen += try await numbers(&reader, atMost: 1)
            await Task.yield()
          }
          return seen
        }
      }
      var followers = 0
      for try await seen in group {
        guard let first = seen.first else { continue }
        followers += 1
        #expect(first <= 2 && seen == Array(first...total))
      }
      #expect(followers == 20)
    }
    #expect(stage.store.live.last == total)
  }

  @Test("who is behind what is kept in memory reads the record, and is told nothing twice")
  func behind() async throws {
    let stage = try await Stage()
    var reader = TransitionReader(stage.store, after: 1)
    try await stage.hold(times: 3 * LiveFeed.kept)
    #expect(stage.store.live.rows(after: 1) == nil)
    #expect(try await numbers(&reader) == Array(2...Int64(3 * LiveFeed.kept + 1)))
    let last = stage.store.live.last
    let kept = try #require(stage.store.live.rows(after: last - Int64(LiveFeed.kept) + 1))
    #expect(kept.count == LiveFeed.kept - 1)
  }

  @Test("who missed something is told so, and goes on with the first that is there")
  func reset() async throws {
    let stage = try await Stage()
    try await stage.hold(times: 5)
    _ = try await stage.store.delete(OldTransitions(before: Sample.time(9)), atMost: 3)
    for (start, expected) in [(0, [4, 5, 6]), (1, [-3, 4, 5, 6]), (2, [-3, 4, 5, 6]), (3, [4, 5, 6])] {
      var reader = TransitionReader(stage.store, after: Int64(start))
      #expect(try await numbers(&reader) == expected.map { Int64($0) }, "\(start)")
    }
    // A number of another record.
    var reader = TransitionReader(stage.store, after: 77)
    #expect(try await reader.next() == .reset(.init(after: 77, resume: 6)))
    try await stage.hold(times: 1)
    #expect(try await numbers(&reader) == [7])
    // The oldest go while somebody reads them.
    try await stage.hold(times: 3 * LiveFeed.kept)
    var slow = TransitionReader(stage.store, after: 7)
    #expect(try await numbers(&slow, atMost: 1).first == 8)
    _ = try await stage.store.delete(OldTransitions(before: Sample.time(9)), atMost: 1000)
    #expect(try await numbers(&slow, atMost: 1) == [-1003])
    #expect(try await numbers(&slow, atMost: 1).first == 1004)
  }

  @Test("so many can listen and no more, until one of them goes")
  func listeners() async throws {
    let feed = LiveFeed()
    var bells = (0..<LiveFeed.mostListeners).compactMap { _ in feed.listen() }
    #expect(bells.count == LiveFeed.mostListeners && feed.listen() == nil)
    bells.removeLast().ring.finish()
    #expect(feed.listen() != nil)
    bells = []
    #expect(feed.listenerCount == 0)
  }

  @Test("progress is told at most so often, the newest of each attempt, and none of one that has ended")
  func progress() async throws {
    let stage = try await Stage()
    let feed = stage.store.live
    func note(_ fraction: Double, _ job: JobID, at milliseconds: Int) {
      feed.note(
        AttemptProgress(
          attempt: AttemptID(job: job, number: 1), handler: "noop",
          time: Sample.time(0) + .milliseconds(milliseconds), fraction: fraction, message: ""))
    }
    let (bell, _) = try #require(feed.listen())
    var rings = bell.makeAsyncIterator()
    _ = await rings.next()
    note(0.1, stage.job, at: 0)
    _ = await rings.next()
    let first = feed.progress(since: 0)
    #expect(first.found.map(\.fraction) == [0.1])
    for step in 1...20 { note(Double(10 + step) / 100, stage.job, at: step) }
    note(0.7, JobID(2), at: 21)
    _ = await rings.next()
    let second = feed.progress(since: first.version)
    #expect(second.found.map(\.fraction) == [0.3, 0.7])
    let attempt = Sample.attempt(stage.job)
    try await stage.store.commit([
      .starting(attempt), .ended(attempt.id, Sample.fullEnd(.succeeded), next: .done(.succeeded)),
    ])
    #expect(feed.progress(since: 0).found.map(\.fraction) == [0.7])
  }
}
