import MillraceCore

@testable import MillraceSlurm

extension FuzzedParser {
  /// What Slurm's commands print, what hosts leave in the spool, and what a former runner noted.
  static let slurm = [
    FuzzedParser(text: "slurm-jobs", longest: 1024) { text in
      for job in SlurmJob.list(text) {
        demandEqual(SlurmJob.jobNumber(job.id), job.id, "a number is one")
        demandNode(job.node)
        demand((job.reason?.count ?? 0) <= 200, "a reason has a bound")
      }
    },
    FuzzedParser(text: "slurm-nodes", longest: 1024) { text in
      let now = Timestamp(microseconds: 1)
      for node in ClusterNode.list(text, at: now) {
        demandNode(node.name)
        demand(node.processors >= 0 && node.processorsReserved >= 0, "processors are counted")
        demand(node.load.map { $0 >= 0 && $0.isFinite } ?? true, "a load is a number")
        demand(node.word.count <= 100 && (node.reason?.count ?? 0) <= 300, "words have bounds")
        demand(node.lastSeen == nil || node.state != .offline, "who is offline was not seen")
      }
    },
    FuzzedParser(text: "slurm-words", longest: 1024) { text in
      if let job = SlurmJob.submitted(text) { demandEqual(SlurmJob.jobNumber(job), job, "a number is one") }
      _ = SlurmJob.exitCode(text)
      let words = SlurmError(errors: text).description
      demand(words.count <= 600 && words.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "words are a line")
    },
    FuzzedParser(text: "spool-text", longest: 1024) { text in
      demandNode(HeartbeatText(text)?.node)
      demandNode(StartedText(text).node)
      demand(DoneText(text).reason.unicodeScalars.count <= 1000, "a reason has a bound")
      if let progress = ProgressText.progress(text) {
        demand((0...1).contains(progress.fraction) && progress.message.count <= 255, "progress is some")
      }
      let ended = EndedText(text)
      demandNode(ended.node)
      let usage = ended.usage
      // What the runner makes of it: sums and spans.
      demand(((usage.cpuUser ?? .zero) + (usage.cpuSystem ?? .zero)).microseconds >= 0, "time goes on")
      if let began = ended.started, let time = ended.time { _ = (time - began).microseconds }
    },
    FuzzedParser(text: "bundle-ledger") { text in
      guard let ledger = BundleLedger(text, named: "b") else { return }
      let again = ledger.text
      let read = BundleLedger(again, named: "b")
      demand(read != nil, "what is written is read")
      demandEqual(read?.text, again, "and is the same")
      demandEqual(read?.attempts, ledger.attempts, "its attempts, too")
      demandEqual(read?.arguments, ledger.arguments, "and its arguments")
    },
  ]

  private static func demandNode(_ name: String?) {
    guard let name else { return }
    demandEqual(ClusterName(name)?.text, name, "a node's name is one")
  }
}
