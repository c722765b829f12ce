import MillraceCore
import MillraceTracing
import MillraceYAML

/// The section that says where spans are written.
extension ConfigurationReader {
  mutating func applyTracing(_ section: Setting) {
    var settings = TraceWriter.Settings(file: "")
    for setting in section.settings(known: ["file", "largest"]) {
      switch setting.name {
      case "file":
        let path = setting.value("an absolute path, or `none`") { text in
          text == "none" ? "" : text.hasPrefix("/") ? text : nil
        }
        set(&settings.file, path)
      default: set(&settings.largest, setting.bytes(.mebibytes(1)...Bytes.gibibytes(1 << 20)))
      }
    }
    configuration.tracing = settings.file.isEmpty ? nil : settings
  }
}
