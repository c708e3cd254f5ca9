// Numbers, durations and moments in the words of the pages: the same as kue/web/words.py, but in the reader's zone.

export const UNKNOWN = "—";
const EXACT_BELOW = 100_000;
const TOO_GREAT = 1e21; // from there on JavaScript writes numbers with an exponent
const LAST_MS = 253_402_300_799_999; // the end of the year 9999
const SHORT_MS = 600_000;
const DAY_MS = 86_400_000;
/** @type {[number, string][]} */
const SIZES = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/**
 * All digits of a number, in groups of three.
 * @param {unknown} number
 */
export function exactCount(number) {
  const found = whole(number);
  return found === null ? UNKNOWN : String(found).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * A number with all its digits below 100,000, and else with three and a letter, such as 2.42 M.
 * @param {unknown} number
 */
export function shortCount(number) {
  const found = whole(number);
  if (found === null || Math.abs(found) < EXACT_BELOW) return exactCount(found);
  const [size, letter] = SIZES.find(([one]) => Math.abs(found) >= one) ?? [1, ""];
  return `${threeDigits(found / size)} ${letter}`;
}

/**
 * A number of jobs a minute: with a decimal below ten, unless that is zero.
 * @param {unknown} number
 */
export function rate(number) {
  if (typeof number !== "number" || whole(number) === null) return UNKNOWN;
  const tenths = Math.floor(10 * number + 0.5);
  return tenths < 100 && tenths % 10 ? (tenths / 10).toFixed(1) : shortCount(number);
}

/**
 * A number of milliseconds with its two greatest units: 90 ms, 1.9 s, 41 s, 2 m 10 s, 3 h 04 m, 2 d 4 h.
 * @param {unknown} ms
 */
export function duration(ms) {
  const found = whole(ms);
  if (found === null || found < 0) return UNKNOWN;
  if (found < 1000) return `${found} ms`;
  if (found < 9_950) return (Math.floor((found + 50) / 100) / 10).toFixed(1) + " s";
  const seconds = Math.floor((found + 500) / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
  return `${Math.floor(minutes / (24 * 60))} d ${Math.floor((minutes % (24 * 60)) / 60)} h`;
}

/**
 * A moment as a person says it: 14:52:10 today, yesterday 14:52, else 2026-11-26 14:52.
 * @param {unknown} ms
 * @param {number} [now]
 */
export function moment(ms, now = Date.now()) {
  const at = asDate(ms);
  if (at === null) return UNKNOWN;
  const today = new Date(now);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (isSameDay(at, today)) return `${time}:${two(at.getSeconds())}`;
  today.setDate(today.getDate() - 1);
  return isSameDay(at, today) ? `yesterday ${time}` : `${day(at)} ${time}`;
}

/**
 * A moment as a label below a chart: the second, the minute, the day, or day and minute.
 * @param {unknown} ms
 * @param {number} span how much time the chart shows, in ms
 */
export function label(ms, span) {
  const at = asDate(ms);
  if (at === null) return UNKNOWN;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (span <= SHORT_MS) return `${time}:${two(at.getSeconds())}`;
  return span <= DAY_MS ? time : span <= 3 * DAY_MS ? `${day(at).slice(5)} ${time}` : day(at).slice(5);
}

/**
 * A moment to the millisecond, with the zone: the title of a shorter one.
 * @param {unknown} ms
 */
export function exactMoment(ms) {
  const at = asDate(ms);
  if (at === null) return "";
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${day(at)} ${time}.${String(at.getMilliseconds()).padStart(3, "0")} ${zone(at)}`;
}

/**
 * A number with its noun: 1 job, 2 jobs.
 * @param {number} number
 * @param {string} one
 * @param {string} [many]
 */
export function plural(number, one, many = `${one}s`) {
  return `${exactCount(number)} ${number === 1 ? one : many}`;
}

/** @param {Date} at */
function day(at) {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** @param {Date} at */
function zone(at) {
  const minutes = -at.getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** @param {Date} one @param {Date} other */
function isSameDay(one, other) {
  return day(one) === day(other);
}

/** @param {unknown} ms */
function asDate(ms) {
  const found = whole(ms);
  return found === null || found < 0 || found > LAST_MS ? null : new Date(found);
}

/** @param {unknown} number */
function whole(number) {
  return typeof number === "number" && Math.abs(number) < TOO_GREAT ? Math.round(number) : null;
}

/** @param {number} value */
function threeDigits(value) {
  const size = Math.abs(value);
  return value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

/** @param {number} value */
function two(value) {
  return String(value).padStart(2, "0");
}
