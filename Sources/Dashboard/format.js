// Values as people read them. What is not known is an en dash.

export const nothing = "–";

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(value) {
  if (value === undefined || value === null) return nothing;
  let unit = 0;
  let amount = value;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : trim(amount.toFixed(1))} ${units[unit]}`;
}

export function processors(millis) {
  if (millis === undefined || millis === null) return nothing;
  return trim((millis / 1000).toFixed(2));
}

function trim(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

export function seconds(value) {
  if (value === undefined || value === null) return nothing;
  if (value < 0.0995) return `${Math.round(value * 1000)} ms`;
  if (value < 9.95) return `${trim(value.toFixed(1))} s`;
  const whole = Math.round(value);
  if (whole < 60) return `${whole} s`;
  const [days, hours] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24];
  const minutes = Math.floor(whole / 60) % 60;
  const parts = days ? [[days, "d"], [hours, "h"]]
    : hours ? [[hours, "h"], [minutes, "min"]] : [[minutes, "min"], [whole % 60, "s"]];
  return parts.filter(([amount]) => amount).map((part) => part.join(" ")).join(" ");
}

/** The processor time of an attempt; undefined where it is not known. */
export function cpuSeconds(usage) {
  if (usage.cpu_user_seconds === undefined) return undefined;
  return usage.cpu_user_seconds + (usage.cpu_system_seconds ?? 0);
}

/** How many of the attempts that have ended succeeded. */
export function successes(rows) {
  const sum = (pick) => rows.reduce((sum, row) => sum + pick(row), 0);
  const ended = sum((row) => Object.values(row.outcomes).reduce((sum, count) => sum + count, 0));
  return ended ? `${Math.floor(100 * sum((row) => row.succeeded) / ended)} %` : nothing;
}

/** How long ago a time is, or how long it still takes. */
export function since(time, now = Date.now()) {
  return time ? seconds(Math.max(0, (now - Date.parse(time)) / 1000)) : nothing;
}

const two = (number) => String(number).padStart(2, "0");

export function day(time) {
  const date = new Date(time);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function clock(time) {
  const date = new Date(time);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** A time by this browser's clock; the day is left out if it is today. */
export function time(value) {
  if (!value) return nothing;
  const isToday = day(value) === day(Date.now());
  return isToday ? clock(value) : `${day(value)} ${clock(value)}`;
}

const words = {
  oomOwnLimit: "out of memory (own limit)", oomPressure: "out of memory (machine)", timedOut: "timed out",
  notBefore: "not before",
};

/** A word of the API as a reader's word. */
export function word(value) {
  return value === undefined ? nothing : words[value] ?? value;
}

/** Reads 256M, 1.5G or a number of bytes; undefined for an empty text, NaN for what is no size. */
export function sizeFrom(text) {
  if (!text.trim()) return undefined;
  const match = /^\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text);
  if (!match) return NaN;
  return Math.round(Number(match[1]) * 1024 ** " kmgt".indexOf(match[2].toLowerCase() || " "));
}
