import FoundationEssentials
import MillraceCore
import MillraceWire
import TestSupport
import Testing

@testable import millrace

@Suite("millrace top")
struct TopCommandTests {
  private func server(_ view: TopView = TopSample.usual) throws -> ScriptedServer {
    let body = TopSample.json(view)
    return try ScriptedServer { request in
      request.target == "/v1/top?queued=500"
        ? [.answer(200, body)] : [.problem(404, kind: "notFound", "no \(request.target)")]
    }
  }

  @Test("prints one picture without escapes, as wide as needed, with one request", arguments: [true, false])
  func once(isSaid: Bool) throws {
    let server = try server()
    // Where there is no terminal it need not be said.
    let arguments = ["top", "--socket", server.socket] + (isSaid ? ["--once"] : [])
    let outcome = try Program(arguments, path: Program.path).end()
    #expect(outcome.code == 0 && outcome.error.isEmpty)
    #expect(!outcome.out.contains("\u{1b}") && !outcome.out.contains("\u{7}"))
    let lines = outcome.out.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 18)
    #expect(lines[0].hasPrefix("millraced 0.1.0  pid 7  up ") && lines[0].hasSuffix("  healthy"))
    #expect(lines[6...8].map { $0.prefix(8) } == ["", "running", "JOB  HAN"])
    #expect(lines[9].hasPrefix("1.1  exec       running  "))
    #expect(
      lines[9].hasSuffix("  [###...] 43 %  16 MiB/64 MiB   1.5/1     5  読む \u{fffd}]0;evil\u{fffd}\\nx"))
    #expect(lines[12...13] == ["", "queued (2 of 120 are shown)"])
    #expect(outcome.out.contains("  slots: 4 of 4 slots are taken\n"))
    #expect(server.requests.count == 1)
  }

  @Test("sorts and filters as told, and gives programs the API's own shape")
  func formats() throws {
    let server = try server()
    func top(_ arguments: String...) throws -> Program.Outcome {
      try Program(["top", "--socket", server.socket] + arguments, path: Program.path).end()
    }
    let json = try top("-o", "json", "--sort", "memory", "--filter", "team=a")
    let view = try Wire.decoder().decode(TopView.self, from: Data(json.out.utf8))
    #expect(view.running == [TopSample.usual.running[1]] && view.queued.isEmpty)
    #expect(view.status == TopSample.usual.status)
    #expect(try top("-o", "ids", "--sort", "age", "--reverse").out == "1\n3\n2\n10\n11\n")
    let csv = try top("-o", "csv", "--filter", "team=a").out.split(separator: "\n")
    #expect(
      csv == [
        "job,handler,state,since,progress,memory_bytes,cpu_millis,priority,message,memory_limit_bytes,"
          + "cpu_limit_millis,gate,place,node,cluster_job",
        "2.1,thumbnail,frozen,2026-01-01T00:00:00.000Z,,50331648,10,5,team=a,67108864,1000,,local,,",
      ])
    let waiting = try top("-o", "csv", "--filter", "checksum").out.split(separator: "\n").last
    #expect(waiting == "10,checksum,queued,2026-01-01T00:00:00.000Z,,,,5,,67108864,1000,slots,,,")
    #expect(try top("-o", "jsonl").out.split(separator: "\n").count == 1)
  }

  @Test("an empty runner is no error; one that is away, or an older one, is")
  func ends() throws {
    let server = try server(TopSample.view())
    let outcome = try Program.millrace("top", "--once", "--socket", server.socket)
    #expect(outcome.code == 0 && outcome.out.split(separator: "\n").count == 6)
    #expect(try Program.millrace("top", "--once", "--socket", "/nowhere/s").code == 69)
    let old = try ScriptedServer { _ in [.problem(404, kind: "notFound", "there is no such address")] }
    #expect(try Program.millrace("top", "--once", "--socket", old.socket).code == 4)
    #expect(try Program.millrace("top", "--interval", "1ms").code == 2)
    #expect(try Program.millrace("top", "--sort", "colour").code == 2)
  }
}
