import MillraceWire

extension Table where Row == SettingView {
  /// Settings, a line each.
  static var settings: Table {
    Table(
      [
        Column("SETTING", "name") { $0.name },
        Column("VALUE", "value", tone: { $0.changed ? .busy : .plain }) { $0.value },
        Column("CONFIGURED", "configured") { $0.configured },
        Column("CHANGED", "changed", raw: { "\($0.changed)" }) { $0.changed ? "yes" : "" },
        Column("RESTART", "persisted", raw: { "\($0.persisted)" }) {
          $0.changed ? $0.persisted ? "survives it" : "undoes it" : ""
        },
      ], id: { $0.name })
  }
}
