import MillraceCore
import TestSupport
import Testing

@Suite("Trace contexts")
struct TraceContextTests {
  @Test("a trace context is read as W3C has it, and written the same")
  func reading() throws {
    let context = try #require(TraceContext(text: Sample.trace))
    #expect(context.trace == "0af7651916cd43dd8448eb211c80319c" && context.span == "b7ad6b7169203331")
    #expect(context.isSampled && context.description == Sample.trace)
    let unsampled = try #require(TraceContext(text: Sample.trace.dropLast(2) + "00"))
    #expect(!unsampled.isSampled && unsampled.description.hasSuffix("-00"))
    // A later version may say more (https://www.w3.org/TR/trace-context/, 3.2.4).
    #expect(TraceContext(text: "cc" + Sample.trace.dropFirst(2) + "-more")?.description == Sample.trace)
    let other = TraceContext.random()
    #expect(TraceContext(text: other.description) == other && other != .random())
  }

  @Test(
    "anything else is none",
    arguments: [
      "", "00", Sample.trace.uppercased(), Sample.trace + "-more", "ff" + Sample.trace.dropFirst(2),
      "00-00000000000000000000000000000000-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
      "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01", " " + Sample.trace, Sample.trace + "\n",
      "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
    ])
  func malformed(text: String) { #expect(TraceContext(text: text) == nil) }

  @Test("each span of a job has a number of its own, the same whenever it is asked for")
  func spans() throws {
    func trace(_ id: Int64, _ parent: String?) -> JobTrace {
      JobTrace(JobID(id), submitted: Sample.time(5), traceParent: parent)
    }
    let child = trace(1, Sample.trace)
    #expect(child.parent?.description == Sample.trace)
    #expect(child.job.trace == "0af7651916cd43dd8448eb211c80319c" && child == trace(1, Sample.trace))
    let own = trace(1, nil)
    #expect(own.parent == nil && own.job.isSampled && own == trace(1, nil))
    #expect(TraceContext(text: own.job.description) == own.job)
    var numbers: Set<String> = []
    for trace in [child, trace(2, Sample.trace), own, trace(2, nil)] {
      numbers.insert(trace.job.span)
      for stage in JobTrace.Stage.allCases {
        for number in 1...2 { numbers.insert(trace.span(of: stage, attempt: number).span) }
      }
    }
    #expect(numbers.count == 4 * 7)
    #expect(!trace(1, Sample.trace.dropLast(2) + "00").span(of: .run, attempt: 1).isSampled)
  }
}
