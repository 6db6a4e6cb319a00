// An announcement while it is written: what is to mend, and how the first of its readers gets it.

import { ask, put } from "./sequence_swap.js";

const PAUSE = 600; // milliseconds after the last key
const form = document.querySelector("form[data-announce]");
let timer;
let asked = 0;

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(show, PAUSE);
});

async function show() {
  const { subject, text } = form.elements;
  // Nothing is wrong yet with what is only begun.
  if (!subject.value.trim() || !text.value.trim()) return;
  const fields = new URLSearchParams(new FormData(form));
  fields.set("act", "preview");
  const mine = ++asked;
  try {
    const answer = await ask(form.action, { method: "POST", body: fields });
    if (mine === asked) take(answer);
  } catch {
    // The button still asks, and says what is wrong.
  }
}

function take({ page, status }) {
  const problem = page.querySelector("#fault");
  if (status !== 200 && !problem) return; // a log-in page, or trouble
  document.querySelector("#fault")?.remove(); // of what was typed before
  if (status === 200) {
    put(page, parts());
    frame();
  } else document.querySelector("[data-part=findings]").replaceChildren(told(problem));
  // What cannot be sent is not shown as it was before, nor offered.
  for (const each of document.querySelectorAll("[data-part=seen], [data-part=actions] [value=send]")) each.hidden = status !== 200;
}

// The frame stays, so that it does not blink; and so do buttons in whose midst the focus is.
function parts() {
  const seen = document.querySelector("[data-part=seen] section") ? ["seen-head", "seen-text"] : ["seen"];
  const isHeld = document.querySelector("[data-part=actions]").contains(document.activeElement);
  return ["findings", ...(isHeld ? [] : ["actions"]), ...seen];
}

// In the strip: what is wrong changes with every pause.
function told(problem) {
  const line = document.createElement("div");
  line.className = "is-bad";
  line.append(...problem.childNodes);
  return line;
}

function frame() {
  const shown = document.querySelector("form[data-at-once]");
  for (const name of ["subject", "text"]) shown.elements[name].value = form.elements[name].value;
  shown.requestSubmit();
}
