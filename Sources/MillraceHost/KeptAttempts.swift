import CMillraceLinux
import CMillraceLinux.Libc

/// An attempt that the keeper knows: its process, and what a next runner needs of it.
struct KeptAttempt {
  let job: Int64
  let attempt: Int32
  let tier: UInt32
  /// 0 for one that another keeper started: its end is seen by the runner, not here. Also 0 while it is not
  /// born.
  fileprivate(set) var pid: Int32
  /// The outcome file, and the runner's ends of the log pipe and the channel.
  let outcome: Int32
  let log: Int32
  let channel: Int32
  /// Holds the process for whoever must see its end without being its parent; -1 while it is not born.
  fileprivate(set) var pidfd: Int32
  /// How far a warm host is with making its process.
  fileprivate(set) var birth = Birth.told
  /// How the process ended; nil while it runs.
  var ending: millrace_ending?
  /// Whether the connected runner knows of the attempt.
  var isKnown = true
  /// Whether the connected runner knows how it ended.
  var isEndKnown = false
  /// Whether the runner forgot it while it ran: its end matters to nobody.
  var isForgotten = false
  /// Whether it stands in the line of news.
  var isInLine = false

  /// How many descriptors are kept of each.
  static let descriptorCount: Int32 = 4

  enum Birth {
    /// The host was asked, and has not answered.
    case awaited(Delivery)
    /// The process exists, which the runner is to be told.
    case made(forkMicroseconds: UInt64)
    /// There is none: an errno, which the runner is to be told.
    case failed(Int32)
    case told
  }

  /// Whether there is something to tell the runner.
  var isNews: Bool {
    switch birth {
    case .awaited: false
    case .made, .failed: true
    case .told: !isForgotten && (!isKnown || ending != nil && !isEndKnown)
    }
  }

  /// What is awaited of a warm host; nil if nothing is.
  var delivery: Delivery? { if case .awaited(let delivery) = birth { delivery } else { nil } }

  fileprivate func closeDescriptors() {
    for descriptor in [outcome, log, channel, pidfd] where descriptor >= 0 { close(descriptor) }
  }
}

/// All attempts that the keeper knows, live or ended, until the runner forgets them. Bounded: each holds
/// four descriptors.
struct KeptAttempts {
  private(set) var all: [KeptAttempt] = []
  let capacity: Int
  /// The attempts that there may be something to tell of, in the order in which it came up.
  private var line = NewsLine()
  /// How many wait for a warm host.
  private(set) var awaitedCount = 0
  /// Where each attempt is, and each process that was not reaped.
  private var places = PlaceTable()
  private var processes = PlaceTable()

  /// The most attempts, whatever the limit of descriptors is.
  static let maximum = 8192
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

  func index(job: Int64, attempt: Int32) -> Int? { places[job, attempt] }

  /// Whether a process is one of these, or was.
  func holds(_ pid: Int32) -> Bool { processes[Int64(pid), 0] != nil }

  mutating func append(_ attempt: KeptAttempt) {
    places[attempt.job, attempt.attempt] = all.count
    if attempt.pid != 0 { processes[Int64(attempt.pid), 0] = all.count }
    all.append(attempt)
  }

  /// Keeps an attempt whose process a warm host is asked for.
  mutating func append(_ attempt: KeptAttempt, awaiting delivery: Delivery) {
    var attempt = attempt
    attempt.birth = .awaited(delivery)
    awaitedCount += 1
    append(attempt)
  }

  /// Takes in the process that a warm host has made.
  mutating func bear(_ index: Int, pid: Int32, pidfd: Int32, forkMicroseconds: UInt64) {
    settle(index, .made(forkMicroseconds: forkMicroseconds))
    all[index].pid = pid
    all[index].pidfd = pidfd
    processes[Int64(pid), 0] = index
  }

  /// A warm host has made no process.
  mutating func miscarry(_ index: Int, error: Int32) { settle(index, .failed(error)) }

  private mutating func settle(_ index: Int, _ birth: KeptAttempt.Birth) {
    guard let delivery = all[index].delivery else { preconditionFailure("it is not awaited") }
    delivery.close()
    awaitedCount -= 1
    change(index) { $0.birth = birth }
  }

  /// Notes how a process ended. Orphans of jobs, which the keeper reaps as well, are nobody's news.
  mutating func note(_ ending: millrace_ending) {
    // A pid is another's only after it was reaped.
    guard let index = processes[Int64(ending.pid), 0] else { return }
    processes[Int64(ending.pid), 0] = nil
    if all[index].isForgotten { remove(index) } else { change(index) { $0.ending = ending } }
  }

  /// Drops what is kept of an attempt; a child that still runs is dropped at its end, to be reaped.
  mutating func forget(_ index: Int) {
    guard !all[index].isForgotten, all[index].delivery == nil else { return }
    all[index].closeDescriptors()
    change(index) { $0.isForgotten = true }
    if all[index].ending != nil || all[index].pid == 0 { remove(index) }
  }

  /// Drops what is kept of those that are known of a page.
  mutating func forget(_ page: millrace_keeper_forget) {
    withUnsafeBytes(of: page.jobs) { jobs in
      withUnsafeBytes(of: page.attempts) { attempts in
        for number in 0..<Int(min(page.count, UInt32(MILLRACE_KEEPER_PAGE))) {
          let job = jobs.load(fromByteOffset: number * 8, as: Int64.self)
          let attempt = attempts.load(fromByteOffset: number * 4, as: Int32.self)
          if let index = index(job: job, attempt: attempt) { forget(index) }
        }
      }
    }
  }

  private mutating func remove(_ index: Int) {
    let last = all.count - 1
    places[all[index].job, all[index].attempt] = nil
    if index != last {
      all.swapAt(index, last)
      places[all[index].job, all[index].attempt] = index
      let pid = Int64(all[index].pid)
      if processes[pid, 0] == last { processes[pid, 0] = index }
    }
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

  /// A new runner knows nothing yet; nothing is awaited of a host any more.
  mutating func unlearn() {
    for index in all.indices.reversed() {
      if case .failed = all[index].birth {
        all[index].closeDescriptors()
        remove(index)
        continue
      }
      change(index) {
        $0.birth = .told
        $0.isKnown = false
        $0.isEndKnown = false
      }
    }
  }

  /// The runner was told that an attempt has started, and how it ended if it has, or that there is none: then
  /// nothing is kept of it.
  mutating func learnedBirth(_ index: Int) {
    if case .failed = all[index].birth {
      all[index].closeDescriptors()
      remove(index)
    } else {
      change(index) {
        $0.birth = .told
        $0.isEndKnown = $0.ending != nil
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

  /// The next one that there is something to tell of; it leaves the line when `learned` says so.
  mutating func nextNews() -> Int? {
    while let (job, attempt) = line.first {
      if let index = index(job: job, attempt: attempt), all[index].isNews { return index }
      leaveLine()
    }
    return nil
  }

  private mutating func leaveLine() {
    guard let (job, attempt) = line.first else { return }
    line.removeFirst()
    if let index = index(job: job, attempt: attempt) { all[index].isInLine = false }
  }

  private mutating func change(_ index: Int, _ body: (inout KeptAttempt) -> Void) {
    body(&all[index])
    guard all[index].isNews, !all[index].isInLine else { return }
    all[index].isInLine = true
    line.append(job: all[index].job, attempt: all[index].attempt)
  }
}

/// A line of attempts, by their numbers; some may be gone by the time it is their turn.
struct NewsLine {
  private var all: [(job: Int64, attempt: Int32)] = []
  private var head = 0

  var first: (job: Int64, attempt: Int32)? { head < all.count ? all[head] : nil }

  mutating func append(job: Int64, attempt: Int32) { all.append((job, attempt)) }

  mutating func removeFirst() {
    head += 1
    guard head == all.count else { return }
    all.removeAll(keepingCapacity: true)
    head = 0
  }
}
