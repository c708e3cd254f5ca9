// Asks before something is done. The focus is on the safe button, Escape closes, and the focus goes back afterwards.

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} text what will happen, to how many jobs, and which
 * @property {string[]} [sample] a few of those, each in one line
 * @property {string} verb the word on the button that does it, such as "Remove 61"
 * @property {boolean} [danger] whether that button is red
 * @property {string} [typed] what has to be typed in before the button can be pressed
 */

/**
 * Ask. Resolves to whether the reader pressed the button that does it.
 * @param {Question} question
 * @returns {Promise<boolean>}
 */
export function confirm({ title, text, sample = [], verb, danger = false, typed = "" }) {
  const { dialog, form } = shown(title, text);
  if (sample.length) {
    const list = document.createElement("ul");
    list.className = "sample";
    list.append(...sample.map((line) => made("li", line)));
    form.append(list);
  }
  const cancel = button(verb.startsWith("Cancel") ? "Go back" : "Cancel", "button"); // never two with the same word
  const go = button(verb, danger ? "button danger filled" : "button primary");
  cancel.value = "no";
  go.value = "yes";
  if (typed) form.append(field(typed, go));
  const row = document.createElement("div");
  row.className = "buttons";
  row.append(cancel, go);
  form.append(row);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes" && !go.disabled);
      dialog.remove();
    });
    open(dialog);
    cancel.focus();
  });
}

/**
 * Show something until the reader closes it.
 * @param {string} title
 * @param {Node} content
 */
export function inform(title, content) {
  const { dialog, form } = shown(title, "");
  const close = button("Close", "button");
  const row = document.createElement("div");
  row.className = "buttons";
  row.append(close);
  form.append(content, row);
  dialog.addEventListener("close", () => dialog.remove());
  open(dialog);
  close.focus();
}

/** Whether a dialog is open. */
export function isOpen() {
  return document.querySelector("dialog[open]") !== null;
}

/** @param {string} title @param {string} text */
function shown(title, text) {
  const dialog = document.createElement("dialog");
  const form = document.createElement("form");
  form.method = "dialog";
  const heading = made("h2", title);
  heading.id = "dialog-title";
  dialog.setAttribute("aria-labelledby", heading.id);
  form.append(heading, ...(text ? [made("p", text)] : []));
  dialog.append(form);
  return { dialog, form };
}

/** The browser gives the focus back when the dialog closes. @param {HTMLDialogElement} dialog */
function open(dialog) {
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {string} typed @param {HTMLButtonElement} go */
function field(typed, go) {
  const label = made("label", `Type ${typed} to go on `);
  const input = document.createElement("input");
  input.autocomplete = "off";
  input.addEventListener("input", () => (go.disabled = input.value.trim().replaceAll(",", "") !== typed));
  go.disabled = true;
  label.append(input);
  return label;
}

/** @param {string} text @param {string} name */
function button(text, name) {
  const found = document.createElement("button");
  found.className = name;
  found.textContent = text;
  return found;
}

/** @param {string} tag @param {string} text */
function made(tag, text) {
  const found = document.createElement(tag);
  found.textContent = text;
  return found;
}
