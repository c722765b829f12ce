import FoundationEssentials
package import MillraceCore
package import MillraceWire

extension Client {
  /// Holds a job and returns it as it is then.
  package func hold(_ id: JobID) throws -> JobView { try value(call("POST", "/jobs/\(id)/hold")) }

  /// Releases a job and returns it as it is then.
  package func release(_ id: JobID) throws -> JobView { try value(call("POST", "/jobs/\(id)/release")) }

  /// Does something to all jobs that are meant: `cancel`, `hold` or `release`. That can take as long as it
  /// has to.
  package func change(_ verb: String, _ selection: SelectionRequest) throws -> SelectionAnswer {
    var call = call("POST", "/jobs/\(verb)", body: try Wire.encoder().encode(selection))
    call.idle = nil
    return try value(call)
  }

  /// Pauses, resumes or drains (`pause`, `resume`, `drain`); returns what is meant as it is then.
  package func operate(_ verb: String, _ request: StationRequest) throws -> StationView {
    var call = call("POST", "/\(verb)", body: try Wire.encoder().encode(request))
    call.idle = patience + .microseconds(Int64((request.waitSeconds ?? 0) * 1e6))
    return try value(call)
  }

  /// Returns the settings that can be changed while the runner works.
  package func settings() throws -> [SettingView] { try value(call("GET", "/settings")) }

  /// Changes a setting and returns it as it is then.
  package func set(_ request: SettingRequest) throws -> SettingView {
    try value(call("POST", "/settings/set", body: try Wire.encoder().encode(request)))
  }

  /// Takes a change back and returns the setting as it is then.
  package func unset(_ request: SettingRequest) throws -> SettingView {
    try value(call("POST", "/settings/unset", body: try Wire.encoder().encode(request)))
  }
}
