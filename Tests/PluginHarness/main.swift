/// plugin-harness: runs one handler of a real plugin in a process of its own, as Millrace would, but without
/// a control group, as the JSON file that is its argument asks; writes what the handler says to
/// descriptor 3, one JSON event a line.
import CMillrace
import FoundationEssentials
import Glibc
import PluginRecording

func giveUp(_ reason: String) -> Never {
  let line = "plugin-harness: \(reason)\n"
  _ = Glibc.write(STDERR_FILENO, line, line.utf8.count)
  exit(125)
}

/// Returns the handler of the library.
func findHandler(_ request: PluginRequest) -> millrace_handler {
  guard let library = dlopen(request.library, RTLD_NOW | RTLD_LOCAL) else {
    giveUp(String(cString: dlerror()))
  }
  guard let symbol = dlsym(library, "millrace_plugin_describe") else { giveUp("no description") }
  typealias Describe = @convention(c) () -> UnsafePointer<millrace_plugin>
  let plugin = unsafeBitCast(symbol, to: Describe.self)().pointee
  let handlers = UnsafeBufferPointer(start: plugin.handlers, count: plugin.handler_count)
  guard let handler = handlers.first(where: { String(cString: $0.name) == request.handler }) else {
    giveUp("no handler `\(request.handler)`")
  }
  return handler
}

/// Takes on the rights that the request asks for.
func dropRights(_ request: PluginRequest) {
  if let user = request.user, geteuid() == 0, setuid(user) != 0 { giveUp("cannot become user \(user)") }
  var alone = rlimit(rlim_cur: 0, rlim_max: 0)
  if request.isAlone, setrlimit(__rlimit_resource_t(__RLIMIT_NPROC.rawValue), &alone) != 0 {
    giveUp("cannot bound the processes")
  }
}

/// Gives a job what went before it; that lives as long as the process.
func give(_ request: PluginRequest, to job: inout millrace_job) {
  func copy(_ text: String) -> UnsafePointer<CChar>? { strdup(text).map { UnsafePointer($0) } }
  if let checkpoint = request.checkpoint {
    job.checkpoint = copy(checkpoint).map { UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self) }
    job.checkpoint_length = checkpoint.utf8.count
  }
  let outputs = request.outputs.sorted { $0.key < $1.key }.map { name, text in
    var output = millrace_output()
    output.size = MemoryLayout<millrace_output>.size
    output.job = 7
    output.name = copy(name)
    output.media_type = copy("text/plain")
    output.bytes = copy(text).map { UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self) }
    output.length = text.utf8.count
    return output
  }
  guard !outputs.isEmpty else { return }
  let place = UnsafeMutablePointer<millrace_output>.allocate(capacity: outputs.count)
  place.initialize(from: outputs, count: outputs.count)
  job.outputs = UnsafePointer(place)
  job.output_count = outputs.count
}

func write(_ event: PluginEvent) {
  do {
    var line = try JSONEncoder().encode(event)
    line.append(UInt8(ascii: "\n"))
    line.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Glibc.write(3, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        guard count > 0 || errno == EINTR else { giveUp("nobody listens") }
        rest = rest.dropFirst(max(0, count))
      }
    }
  } catch {
    giveUp("\(error)")
  }
}

Stop.watch()
do {
  let file = try Data(contentsOf: URL(filePath: CommandLine.arguments[1]))
  let request = try JSONDecoder().decode(PluginRequest.self, from: file)
  let input = try request.input.map { [UInt8](try Data(contentsOf: URL(filePath: $0))) } ?? []
  setenv("MILLRACE_HANDLER", request.handler, 1)
  let handler = findHandler(request)
  guard let run = handler.run else { giveUp("the handler does nothing") }
  guard chdir(request.workDirectory) == 0 else { giveUp("there is no `\(request.workDirectory)`") }
  dropRights(request)
  let recorder = Recorder(
    refusesResults: request.refusesResults, isCancelled: { Stop.wasAsked }, hear: write)
  input.withUnsafeBufferPointer { input in
    request.parameters.withCString { parameters in
      var job = millrace_job()
      job.id = 42
      job.attempt = 1
      job.handler = handler.name
      job.parameters = parameters
      job.parameters_length = request.parameters.utf8.count
      job.input = input.isEmpty ? nil : input.baseAddress
      job.input_length = input.count
      job.trace_parent = request.traceParent.flatMap { strdup($0) }.map { UnsafePointer($0) }
      give(request, to: &job)
      job.work_directory = UnsafePointer(strdup(request.workDirectory))
      recorder.run(run, job: job)
    }
  }
} catch {
  giveUp("\(error)")
}
