// How many attempts started and ended in each of the last minutes, counted from what the runner told.

const minutes = 60;

const none = { starts: 0, succeeded: 0, others: 0 };

class Activity {
  constructor() {
    this.clear();
  }

  clear() {
    this.counts = new Map();
  }

  note(event) {
    const kind = {
      "attempt.running": "starts",
      "attempt.ended": event.outcome === "succeeded" ? "succeeded" : "others",
    }[event.type];
    if (!kind) return;
    const minute = Math.floor(Date.parse(event.time) / 60_000);
    const count = this.counts.get(minute) ?? { ...none };
    count[kind] += 1;
    this.counts.set(minute, count);
    if (this.counts.size > 2 * minutes) this.forget();
  }

  forget() {
    const oldest = Math.floor(Date.now() / 60_000) - minutes;
    for (const minute of this.counts.keys()) if (minute < oldest) this.counts.delete(minute);
  }

  /** The last hour, a minute each: the time and the three counts. */
  lastHour(now = Date.now()) {
    const last = Math.floor(now / 60_000);
    return Array.from({ length: minutes }, (_, index) => {
      const minute = last - minutes + 1 + index;
      return { time: minute * 60_000, ...(this.counts.get(minute) ?? none) };
    });
  }
}

export const activity = new Activity();
