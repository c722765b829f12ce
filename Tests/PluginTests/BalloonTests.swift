import PluginRecording
import Testing

@Suite("balloon takes memory")
struct BalloonTests {
  @Test("It takes the memory step by step", arguments: [#""40M""#, "41943040", #""40MiB""#])
  func steps(_ memory: String) throws {
    let job = try run("balloon", of: "balloon", #"{"memory":\#(memory),"step":"10M"}"#)
    #expect(job.fractions == [0.25, 0.5, 0.75, 1])
    #expect(job.events.last == .returned(0))
  }

  @Test("It keeps the memory until it is asked to stop")
  func hold() throws {
    let stopped = Surroundings(stopsAt: { event in
      if case .progress(_, let message?) = event { message.hasPrefix("holding") } else { false }
    })
    let job = try run("balloon", of: "balloon", #"{"memory":"1M","hold":1000}"#, in: stopped)
    #expect(job.failureCode == "cancelled", "\(job)")
  }

  @Test("More than the machine can address is refused by name")
  func tooMuch() throws {
    #expect(try run("balloon", of: "balloon", #"{"memory":"1000000T"}"#).failureCode == "no_memory")
  }

  @Test(
    "Parameters that don't fit are refused",
    arguments: [
      "{}", #"{"memory":0}"#, #"{"memory":-1}"#, #"{"memory":"lots"}"#, #"{"memory":"1X"}"#,
      #"{"memory":""}"#,
      #"{"memory":"1M","step":0}"#, #"{"memory":"1M","hold":-1}"#, #"{"memory":"1M","hold":"1"}"#,
    ])
  func wrongParameters(_ parameters: String) throws {
    #expect(try run("balloon", of: "balloon", parameters).failureCode == "invalid_parameters")
  }
}
