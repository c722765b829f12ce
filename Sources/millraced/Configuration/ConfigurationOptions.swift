import ArgumentParser
import Glibc

/// The flags that choose and override the configuration, for every command of the runner.
struct ConfigurationOptions: ParsableArguments {
  @Option(help: "The configuration file. Default: /etc/millrace/millrace.yaml, or the user's own.")
  var config: String?

  @Option(help: "The directory of the database, inputs, results and logs.")
  var state: String?

  @Option(help: "The directory of the plugins.")
  var plugins: String?

  @Option(help: "`auto`, or a directory below the mount of cgroup v2.")
  var cgroupRoot: String?

  @Option(help: "The path of the API's Unix socket.")
  var socket: String?

  init() {}

  /// Returns the file's settings with the flags' in their place.
  ///
  /// - Throws: `FileMistakes` if the file can't be read; the usual file need not be there.
  func configuration(in surroundings: Surroundings = .current()) throws -> Configuration {
    var configuration = Configuration.standard(in: surroundings)
    if let config {
      if config != surroundings.usualFile {
        // Two runners of one machine must not both run the same schedules.
        let directory = StateDirectory.parent(of: absolute(config))
        configuration.schedules = directory + "/schedules.d"
        configuration.calendars = directory + "/calendars"
      }
      configuration = try ConfigurationReader.read(file: config, over: configuration)
    } else if access(surroundings.usualFile, F_OK) == 0 {
      configuration = try ConfigurationReader.read(file: surroundings.usualFile, over: configuration)
    }
    if let state { configuration.state = absolute(state) }
    if let plugins { configuration.plugins = absolute(plugins) }
    if let socket { configuration.socket = absolute(socket) }
    if let cgroupRoot {
      configuration.cgroupRoot = cgroupRoot == "auto" ? .automatic : .path(absolute(cgroupRoot))
    }
    return configuration
  }

  /// The file that is read, or that would be if it were there.
  func file(in surroundings: Surroundings = .current()) -> String { config ?? surroundings.usualFile }

  /// A path on the command line is relative to where the command is given.
  private func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/") else { return path }
    guard let directory = getcwd(nil, 0) else { return path }
    defer { free(directory) }
    return "\(String(cString: directory))/\(path)"
  }
}
