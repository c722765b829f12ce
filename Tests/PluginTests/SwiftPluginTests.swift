import PluginRecording
import TestSupport
import Testing

@Suite("Plugins in Swift, in processes of their own")
struct SwiftPluginTests {
  private func stop(_ way: String, in plugin: SwiftPlugin) throws -> PluginRun {
    var atBegin = Surroundings(stopsAt: { event in
      if case .progress(_, "begun") = event { true } else { false }
    })
    atBegin.library = plugin.library
    return try run("patient", of: "patient", #"{"way":"\#(way)"}"#, in: atBegin)
  }

  @Test("SIGTERM cancels the task of the handler, whether it waits, waits for its children or works")
  func stopped() throws {
    let plugin = try SwiftPlugin.patient()
    for way in ["sleep", "group"] {
      let job = try stop(way, in: plugin)
      #expect(job.failureCode == "cancelled", "\(way): \(job)")
      #expect(job.failure?.message == "the job was asked to stop")
      #expect(job.status == 0)
    }
    // It may still have a result.
    let job = try stop("spin", in: plugin)
    #expect(job.text == "stopped", "\(job)")
    #expect(job.events.last == .returned(0))
  }
}
