import CMillraceLinux
import CMillraceLinux.Libc

/// An attempt that the keeper knows: its process, and what a next runner needs of it.
struct KeptAttempt {
  let job: Int64
  let attempt: Int32
  /// 0 for one that another keeper started: its end is seen by the runner, not here.
  let pid: Int32
  /// The outcome file, and the runner's ends of the log pipe and the channel.
  let outcome: Int32
  let log: Int32
  let channel: Int32
  /// Holds the process for whoever must see its end without being its parent.
  let pidfd: Int32
  /// How the process ended; nil while it runs.
  var ending: millrace_ending?
  /// Whether the connected runner knows of the attempt.
  var isKnown = true
  /// Whether the connected runner knows how it ended.
  var isEndKnown = false
  /// Whether the runner forgot it while it ran: its end matters to nobody.
  var isForgotten = false

  /// How many descriptors are kept of each.
  static let descriptorCount: Int32 = 4

  /// Whether there is something to tell the runner.
  var isNews: Bool { !isForgotten && (!isKnown || ending != nil && !isEndKnown) }

  fileprivate func closeDescriptors() {
    close(outcome)
    close(log)
    close(channel)
    close(pidfd)
  }
}

/// All attempts that the keeper knows, live or ended, until the runner forgets them. Bounded: each holds
/// four descriptors.
struct KeptAttempts {
  private(set) var all: [KeptAttempt] = []
  let capacity: Int
  /// How many attempts there is something to tell of.
  private(set) var newsCount = 0

  /// The most attempts, whatever the limit of descriptors is.
  static let maximum = 4096
  /// Descriptors that are left for the keeper itself and for the request at hand.
  private static let reserve = 32

  /// - Parameter openFiles: how many descriptors the process may have.
  init(openFiles: UInt64) {
    let room = Int(min(openFiles, UInt64(KeptAttempts.maximum * 5)))
    capacity = max(1, min(KeptAttempts.maximum, (room - KeptAttempts.reserve) / 4))
  }

  var isFull: Bool { all.count >= capacity }

  /// How many attempts a new runner is told of.
  var knowableCount: Int { all.count { !$0.isForgotten } }

  func index(job: Int64, attempt: Int32) -> Int? {
    all.firstIndex { $0.job == job && $0.attempt == attempt }
  }

  mutating func append(_ attempt: KeptAttempt) { all.append(attempt) }

  /// Notes how a process ended. Orphans of jobs, which the keeper reaps as well, are nobody's news.
  mutating func note(_ ending: millrace_ending) {
    // A pid is another's only after it was reaped: the live entry with it is the one.
    guard let index = all.firstIndex(where: { $0.pid == ending.pid && $0.ending == nil }) else { return }
    if all[index].isForgotten {
      all.swapAt(index, all.count - 1)
      all.removeLast()
    } else {
      change(index) { $0.ending = ending }
    }
  }

  /// Drops what is kept of an attempt; a child that still runs is dropped at its end, to be reaped.
  mutating func forget(_ index: Int) {
    guard !all[index].isForgotten else { return }
    all[index].closeDescriptors()
    change(index) { $0.isForgotten = true }
    guard all[index].ending != nil || all[index].pid == 0 else { return }
    all.swapAt(index, all.count - 1)
    all.removeLast()
  }

  /// Lists what is kept, from an index on.
  func page(from first: Int) -> millrace_keeper_listed {
    var page = millrace_keeper_listed()
    page.type = UInt32(MILLRACE_KEEPER_LISTED)
    page.from = UInt32(first)
    page.total = UInt32(all.count)
    guard first < all.count else { return page }
    let attempts = all[first..<min(all.count, first + Int(MILLRACE_KEEPER_PAGE))]
    // A child that was forgotten is there only to be reaped.
    for attempt in attempts where !attempt.isForgotten {
      let index = Int(page.count)
      withUnsafeMutableBytes(of: &page.jobs) {
        $0.storeBytes(of: attempt.job, toByteOffset: index * 8, as: Int64.self)
      }
      withUnsafeMutableBytes(of: &page.attempts) {
        $0.storeBytes(of: attempt.attempt, toByteOffset: index * 4, as: Int32.self)
      }
      page.count += 1
    }
    return page
  }

  /// A new runner knows nothing yet.
  mutating func unlearn() {
    for index in all.indices {
      change(index) {
        $0.isKnown = false
        $0.isEndKnown = false
      }
    }
  }

  /// The runner was told of the attempt as it is now.
  mutating func learned(_ index: Int) {
    change(index) {
      $0.isKnown = true
      $0.isEndKnown = $0.ending != nil
    }
  }

  private mutating func change(_ index: Int, _ body: (inout KeptAttempt) -> Void) {
    newsCount -= all[index].isNews ? 1 : 0
    body(&all[index])
    newsCount += all[index].isNews ? 1 : 0
  }
}
