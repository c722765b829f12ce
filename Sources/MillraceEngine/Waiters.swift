import MillraceCore

/// Callers that wait until something has happened, each with a deadline.
///
/// One alarm serves all of them: a sleep for each would go on after its caller has gone.
struct Waiters {
  private struct Waiter {
    var awaited: Engine.Awaited
    let deadline: Timestamp
    let continuation: CheckedContinuation<Void, Never>
  }

  private var waiting: [Int: Waiter] = [:]
  private var numbers: [Engine.Awaited: Set<Int>] = [:]
  private var deadlines = OrderedQueue<Int>()
  private var lastNumber = 0

  /// The first deadline of all; nil if nobody waits.
  var nextDeadline: Timestamp? { deadlines.first.map { Timestamp(rawValue: $0.rank) } }

  /// Returns the number of a waiter that is to come.
  mutating func nextNumber() -> Int {
    lastNumber += 1
    return lastNumber
  }

  mutating func add(
    _ continuation: CheckedContinuation<Void, Never>, as number: Int, for awaited: Engine.Awaited,
    until deadline: Timestamp
  ) {
    waiting[number] = Waiter(awaited: awaited, deadline: deadline, continuation: continuation)
    numbers[awaited, default: []].insert(number)
    deadlines.insert(number, rank: deadline.rawValue)
  }

  /// Who waits for one thing waits for another from now on.
  mutating func move(from former: Engine.Awaited, to awaited: Engine.Awaited) {
    guard let moved = numbers.removeValue(forKey: former) else { return }
    for number in moved { waiting[number]?.awaited = awaited }
    numbers[awaited, default: []].formUnion(moved)
  }

  /// It has happened.
  mutating func resume(of awaited: Engine.Awaited) {
    for number in numbers.removeValue(forKey: awaited) ?? [] { resume(number) }
  }

  /// Resumes those whose deadline has come.
  mutating func resumeLate(at now: Timestamp) {
    while let next = deadlines.first, next.rank <= now.rawValue { resume(next.member) }
  }

  mutating func resumeAll() {
    for number in waiting.keys { resume(number) }
  }

  /// Resumes one, if it still waits.
  mutating func resume(_ number: Int) {
    guard let waiter = waiting.removeValue(forKey: number) else { return }
    deadlines.remove(number, rank: waiter.deadline.rawValue)
    numbers[waiter.awaited]?.remove(number)
    if numbers[waiter.awaited]?.isEmpty == true { numbers[waiter.awaited] = nil }
    waiter.continuation.resume()
  }
}
