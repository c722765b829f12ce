import MillracePlugin

/// Greets somebody. Put what your jobs do into `run`.
struct NamelessJob: Handler {
  struct Parameters: Decodable {
    var who: String
    var times: Int
  }

  static let name = "nameless"
  static let summary = "Greets somebody"
  static let notes: [String: ParameterNote] = [
    "who": ParameterNote("whom to greet", default: "world", lengths: 1...200),
    "times": ParameterNote("how often", default: 1, range: 1...100),
  ]

  func run(_ parameters: Parameters, in context: Context) async throws -> String {
    var text = ""
    for index in 0..<parameters.times {
      try Task.checkCancellation()
      text += "Hello, \(parameters.who)!\n"
      context.progress(Double(index + 1) / Double(parameters.times), "greeting")
    }
    context.log("greeted", ["who": parameters.who])
    return text
  }
}

/// What Millrace asks this plugin for.
@c(millrace_plugin_describe)
public func describe() -> UnsafeRawPointer { PluginExport.describe(NamelessJob.self, version: "0.1.0") }
