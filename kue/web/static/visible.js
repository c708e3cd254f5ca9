// Makes text from Redis safe to look at: the same as kue/web/visible.py. What is invisible is shown as its code.

const SUSPECT = /[^\x20-\x7e]/gu;
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
// oxlint-disable-next-line no-control-regex -- terminals begin their colours with one
const ESCAPES = /\u001b\[[0-?]*[ -/]*[@-~]/g;
const JOINERS = "\u200c\u200d"; // Persian, Indic scripts and emoji need these inside a word

/**
 * A text with its line breaks and tabs, all else that is invisible as its code, such as U+202E.
 * @param {string} text
 */
export function visible(text) {
  return text.replace(SUSPECT, (one, /** @type {number} */ at) => {
    if (one === "\n" || one === "\t" || !HIDDEN.test(one)) return one;
    if (JOINERS.includes(one) && joins(text, at)) return one;
    const code = (one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return `\u27e8U+${code}\u27e9`;
  });
}

/**
 * A text for a place of one line: a break is ⏎, a tab a space.
 * @param {string} text
 */
export function oneLine(text) {
  return visible(text.replace(/\r\n|\r|\n/g, "⏎").replaceAll("\t", " "));
}

/**
 * A line of a log. The colours of terminals are dropped.
 * @param {string} text
 */
export function logLine(text) {
  return visible(text.replace(ESCAPES, ""));
}

/** Whether a joiner stands between two characters that it can join. @param {string} text @param {number} at */
function joins(text, at) {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at + 1);
  return before > 0x7f && after > 0x7f;
}
