// The page of one email: the editor in the place of the plain field, and what goes with it. Without
// this script the page is a form that saves and a frame that shows.

import { makeFindings } from "./template_findings.js";
import { valueOf, withValue } from "./template_front.js";
import { makeImages } from "./template_images.js";
import { makePreview } from "./template_preview.js";
import { hourOf, said } from "./template_said.js";
import { makeSaving } from "./template_saving.js";

const form = document.querySelector("#writing");
const source = form.elements.source;
const place = form.querySelector("[data-editor]");
const path = document.querySelector("[data-template]").dataset.path;
const isReadOnly = source.readOnly;
const FIELDS = [...form.querySelectorAll("[data-front]")];
const LONGEST_SUBJECT = 45;

// The text of a textarea without its first line's end is what the server sent.
let editor = plainEditor();
const text = () => editor.text();
const saving = isReadOnly ? null : makeSaving({ form, text, path });
const images = isReadOnly ? null : makeImages({ insert: (...given) => editor.insert(...given) });
const showFindings = makeFindings({ goTo: (line) => goTo(line), mark: (found) => editor.mark(found) });
const preview = makePreview({ path, text, token: form.elements.form_token.value, onFindings: showFindings });

for (const each of document.querySelectorAll("[data-without-script], [data-by-hand]")) each.hidden = true;
showOwnTime();
readTabs();
readFront();
readToolbar();
readTest();
readLeaving();
await openEditor();
goToAddress();

async function openEditor() {
  if (!place.dataset.built) return;
  const { makeEditor } = await import(place.dataset.built).catch(() => ({}));
  if (!makeEditor) {
    document.querySelector("[data-keys]").hidden = false;
    document.querySelector("[data-keys]").textContent = said("noEditor");
    return;
  }
  place.hidden = false;
  editor = makeEditor({
    place,
    text: source.value,
    label: place.dataset.label,
    describedBy: place.dataset.hint,
    words: JSON.parse(place.dataset.words),
    isReadOnly,
    onChange: changed,
    onFiles: (files, at) => images?.take(files, at) ?? false,
    onFirstLines: () => showFirstLines(true),
    onSave: () => saving?.flush(),
  });
  source.hidden = true;
  document.querySelector("[data-source-label]").hidden = true;
  document.querySelector("[data-keys]").hidden = false;
  readFirstLines();
}

// They have fields of their own; what is written in a way that no field can hold is shown at once.
function readFirstLines() {
  const button = form.querySelector("[data-show-first-lines]");
  button.hidden = false;
  button.addEventListener("click", () => showFirstLines(button.getAttribute("aria-pressed") !== "true"));
  if (FIELDS.some((each) => each.disabled)) showFirstLines(true);
}

function showFirstLines(isShown) {
  form.querySelector("[data-show-first-lines]").setAttribute("aria-pressed", isShown);
  editor.showFirstLines(isShown);
}

function changed() {
  source.value = editor.text(); // whichever form is sent next has it
  showFront();
  preview.changed();
  saving?.changed();
}

// The same as the editor, upon the plain field.
function plainEditor() {
  source.addEventListener("input", changed);
  return {
    text: () => source.value.replaceAll("\r\n", "\n"),
    focus: () => source.focus(),
    mark: () => {},
    setText(fresh) {
      source.value = fresh;
      changed();
    },
    insert(snippet, { at = null, isBlock = false } = {}) {
      const fresh = snippet.replaceAll(/[\u00ab\u00bb]/g, "");
      const from = at ?? source.selectionStart;
      source.setRangeText(isBlock ? `\n\n${fresh}\n\n` : fresh, from, at ?? source.selectionEnd, "end");
      source.focus();
      changed();
    },
    goTo(line) {
      const start = source.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1);
      source.focus();
      source.setSelectionRange(start, start);
    },
  };
}

// "#L12", as the page of the check has it.
function goToAddress() {
  const line = /^#L(\d+)$/.exec(location.hash)?.[1];
  if (line) goTo(Number(line));
}

function goTo(line) {
  showTab("write");
  editor.goTo(line);
}

function readFront() {
  form.querySelector("[data-first-lines]").hidden = false;
  showFront();
  for (const field of FIELDS) {
    field.addEventListener("input", () => {
      editor.setText(withValue(text(), field.dataset.front, field.value));
      count();
    });
    // Enter would send the form, and leave the page.
    field.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  }
}

function showFront() {
  for (const field of FIELDS) {
    const value = valueOf(text(), field.dataset.front);
    field.disabled = value === null;
    if (document.activeElement !== field) field.value = value ?? "";
  }
  count();
}

function count() {
  const length = [...FIELDS[0].value].length;
  const place = form.querySelector("[data-count=subject]");
  place.textContent = FIELDS[0].value.includes("{") ? "" : said("count", { count: length });
  place.classList.toggle("is-warm", length >= LONGEST_SUBJECT);
}

function readToolbar() {
  const toolbar = form.querySelector("[data-toolbar]");
  if (!toolbar) return;
  toolbar.hidden = false;
  toolbar.addEventListener("click", ({ target }) => {
    const { snippet, block } = target.closest("[data-snippet]")?.dataset ?? {};
    if (snippet) editor.insert(snippet, { isBlock: block !== undefined });
  });
  toolbar.querySelector("[data-insert-field]").addEventListener("change", ({ target }) => {
    if (target.value) editor.insert(`{{ ${target.value} }}`);
    target.value = "";
  });
}

function readTabs() {
  const tabs = document.querySelector("[data-tabs]");
  tabs.hidden = false;
  tabs.addEventListener("click", ({ target }) => {
    const tab = target.closest("[data-tab]")?.dataset.tab;
    if (tab) showTab(tab);
  });
  showTab("write");
}

function showTab(name) {
  document.querySelector("[data-template]").dataset.shows = name;
  for (const each of document.querySelectorAll("[data-tab]")) each.setAttribute("aria-pressed", each.dataset.tab === name);
}

function readTest() {
  const test = document.querySelector("[data-test]");
  test?.addEventListener("submit", async (event) => {
    event.preventDefault();
    await saving.flush();
    test.submit();
  });
}

// "Check and publish" opens once all is saved: it checks what is kept.
function readLeaving() {
  for (const link of document.querySelectorAll("[data-when-saved]")) {
    link.addEventListener("click", async (event) => {
      if (saving.isClean() || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      if (await saving.flush()) location.assign(link.href);
    });
  }
}

function showOwnTime() {
  for (const each of document.querySelectorAll("time[data-local]")) each.textContent = hourOf(each.dateTime);
}
