import MillraceCore
import Testing

@testable import MillraceSlurm

@Suite struct LedgerTests {
  @Test("a ledger is read as it was written")
  func roundTrip() throws {
    let attempts = (1...9).map { AttemptID(job: JobID($0), number: 1) }
    var ledger = BundleLedger(
      name: "millrace-x-1", user: SlurmSettings.User(uid: 1000, gid: 100),
      arguments: ["--mem=10M", "--wrap=mkdir 'a b'; exec x"], made: Timestamp(rawValue: 5), attempts: attempts
    )
    #expect(BundleLedger(ledger.text, named: "millrace-x-1") == ledger)
    ledger.job = "42"
    ledger.closed = Timestamp(rawValue: 7)
    ledger.parallel = 4
    ledger.memory = .mebibytes(20)
    ledger.decided = [
      attempts[0]: .withdrawn, attempts[1]: .refused("no such partition"),
      attempts[2]: .interrupted(.nodeFault("no space left")), attempts[3]: .interrupted(.nodeLost),
      attempts[4]: .interrupted(.preempted), attempts[5]: .interrupted(.cancelled),
      attempts[6]: .interrupted(.timeLimit), attempts[7]: .interrupted(.outOfMemory),
      attempts[8]: .interrupted(.deadline),
    ]
    ledger.ran = [attempts[3], attempts[4]]
    ledger.released = [attempts[0], attempts[3], attempts[4]]
    ledger.late = [attempts[4]]
    #expect(BundleLedger(ledger.text, named: "millrace-x-1") == ledger)
    #expect(ledger.lost == [attempts[3]])
  }

  @Test("what is no whole ledger is none")
  func malformed() {
    let text = "millrace-ledger 1\nuser 1 1\nmade 5\nattempt 1.1 open -\n"
    #expect(BundleLedger(text, named: "b") != nil)
    #expect(BundleLedger("later 2\n" + text, named: "b") == nil)
    for length in 1..<text.utf8.count {
      let cut = String(decoding: text.utf8.prefix(length), as: UTF8.self)
      // A text that ends with a whole line can't be told from one that was meant.
      if !cut.hasSuffix("\n") { #expect(BundleLedger(cut, named: "b") == nil, "\(length)") }
    }
    #expect(BundleLedger(text + "attempt x open -\n", named: "b") == nil)
    #expect(BundleLedger(text + "novel word\n", named: "b") != nil)
  }
}
