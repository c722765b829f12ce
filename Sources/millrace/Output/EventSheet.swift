import MillraceCore
import MillraceWire

/// An event on one page for people: its attributes, its data, and what schedules made of it.
struct EventSheet {
  private let view: EventView

  init(_ view: EventView) { self.view = view }

  /// Returns the page.
  func text(paint: Paint) -> String {
    var text = card.lines(paint: paint)
    text += "\n" + paint("schedules", .title) + "\n"
    guard !view.schedules.isEmpty else { return text + view.outcome + "\n" }
    return text + Table<EventEffectView>.effects.lines(view.schedules, wide: false, paint: paint)
  }

  private var card: Card {
    let attributes = view.event.object ?? [:]
    var card = Card([.init("event", "\(view.number)")])
    let known = ["type", "source", "id", "subject", "time", "datacontenttype", "dataschema"]
    for name in known { card.add(name, attributes[name]?.shown) }
    let others = attributes.keys.filter { !(known + ["specversion", "data", "data_base64"]).contains($0) }
    for name in others.sorted() { card.add(name, attributes[name]?.shown) }
    card.add("received", Figures.time(view.received))
    card.add("hops", view.hops > 0 ? "\(view.hops)" : nil)
    card.add("data", attributes["data"]?.shown)
    card.add("data in base64", attributes["data_base64"]?.shown)
    return card
  }
}

extension JSONValue {
  /// As text: a string without quotes.
  fileprivate var shown: String { string ?? text }
}
