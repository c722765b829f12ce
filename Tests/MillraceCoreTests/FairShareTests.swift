import TestSupport
import Testing

@testable import MillraceCore

@Suite("Fair share")
struct FairShareTests {
  private static let rules = FairShareRules(label: "team", halfLife: .seconds(1000), weight: .seconds(600))

  private func penalties(
    _ shares: FairShare, of names: String?..., running: [String: Double] = [:], at seconds: Int64 = 0
  ) -> [Int64] {
    shares.penalties(of: names, running: running, at: Sample.time(seconds))
  }

  @Test("the penalty is the share's part of all use, and never more than the weight")
  func bounded() {
    var shares = FairShare(rules: Self.rules)
    #expect(penalties(shares, of: "a", nil) == [0, 0])
    shares.charge("a", part: 0.5, over: .seconds(100), at: Sample.time(0))
    #expect(penalties(shares, of: "b", nil, "a") == [0, 0, 600_000_000])
    shares.charge("b", part: 0.25, over: .seconds(200), at: Sample.time(0))
    #expect(penalties(shares, of: "a", "b") == [300_000_000, 300_000_000])
    shares.charge("a", part: 1, over: .seconds(1_000_000_000), at: Sample.time(0))
    let now = penalties(shares, of: "a", "b")
    #expect((599_000_000...600_000_000).contains(now[0]))
    #expect((0...1_000_000).contains(now[1]))
  }

  @Test("use counts half after each half-life, and nothing in the end")
  func decay() {
    var shares = FairShare(rules: Self.rules)
    shares.charge("old", part: 1, over: .seconds(300), at: Sample.time(0))
    shares.charge("new", part: 1, over: .seconds(150), at: Sample.time(1000))
    #expect(penalties(shares, of: "old", "new", at: 1000) == [300_000_000, 300_000_000])
    shares.charge("new", part: 1, over: .seconds(1), at: Sample.time(100_000))
    #expect(penalties(shares, of: "old", "new", at: 100_000) == [0, 600_000_000])
    // A clock that steps back makes nothing count more.
    #expect(
      penalties(shares, of: "old", "new", at: -100_000) == penalties(shares, of: "old", "new", at: 0))
  }

  @Test("what runs counts too")
  func running() {
    var shares = FairShare(rules: Self.rules)
    shares.charge("a", part: 1, over: .seconds(30), at: Sample.time(0))
    #expect(penalties(shares, of: "a", "b", running: ["b": 90]) == [150_000_000, 450_000_000])
  }

  @Test("of very many shares those that have used the least are forgotten")
  func many() {
    var shares = FairShare(rules: Self.rules)
    shares.charge("heavy", part: 1, over: .seconds(1_000_000), at: Sample.time(0))
    for number in 0..<3 * FairShare.maxShares {
      shares.charge("\(number)", part: 1, over: .seconds(1), at: Sample.time(0))
    }
    #expect(penalties(shares, of: "heavy").first.map { $0 > 590_000_000 } == true)
  }

  private func job(_ number: Int64, _ team: String?, at seconds: Int64 = 0) -> WaitingJob {
    var job = Rig.job(number, at: seconds)
    job.share = team
    return job
  }

  @Test("who has used more comes later, by no more than the weight")
  func order() {
    let rig = Rig(Rig.policy(slots: 1) { $0.fairShare = Self.rules })
    rig.run(job(1, "greedy"))
    _ = rig.send(
      .submitted([job(2, "greedy", at: 1), job(3, "modest", at: 599), job(4, "modest", at: 700)]), at: 800)
    // 600 s later is as much as the penalty can be.
    #expect(rig.confirm(rig.end(.id(1), at: 800)) == [.id(3)])
    #expect(rig.explanation(2)?.ahead == 0)
    #expect(rig.explanation(4)?.ahead == 1)
    #expect(rig.confirm(rig.end(.id(3), at: 800)) == [.id(2)])
  }

  @Test("is off by default, and jobs without the label share nothing")
  func off() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(job(1, "greedy"))
    _ = rig.send(.submitted([job(2, "greedy", at: 1), job(3, "modest", at: 2)]), at: 10)
    #expect(rig.end(.id(1), at: 800).started == [.id(2)])
    let shared = Rig(Rig.policy(slots: 1) { $0.fairShare = Self.rules })
    shared.run(job(1, "greedy"))
    _ = shared.send(.submitted([job(2, "greedy", at: 1), job(3, nil, at: 2)]), at: 10)
    #expect(shared.end(.id(1), at: 800).started == [.id(3)])
  }

  @Test("the label's value is taken from the job")
  func label() {
    let job = Job(
      id: JobID(1), submission: Sample.plain(labels: ["team": "red"]), submitted: Sample.time(0),
      state: .queued)
    #expect(WaitingJob(job, sharedBy: "team").share == "red")
    #expect(WaitingJob(job, sharedBy: "owner").share == nil)
    #expect(WaitingJob(job).share == nil)
  }

  @Test("shares come and go, and are forgotten")
  func manyShares() {
    let rig = Rig(Rig.policy(slots: 1) { $0.fairShare = Self.rules })
    for number in 1...Int64(500) {
      rig.run(job(number, "team \(number)", at: number))
      rig.end(.id(number), at: number + 1)
    }
    #expect(rig.scheduler.lanes.count < 100)
    #expect(rig.scheduler.laneOf.count == rig.scheduler.lanes.count)
  }
}
