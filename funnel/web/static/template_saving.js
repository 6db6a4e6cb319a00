// Saves what is typed, a moment after the last key; says when it did, or why not, and goes on trying.

import { hourOf, post, said } from "./template_said.js";

const PAUSE = 900; // ms after the last key
const AGAIN = 4000; // ms until it is tried again

/** `text()` gives what is typed. Returns what the page needs: changed(), flush(), isClean(). */
export function makeSaving({ form, text, path }) {
  const standing = document.querySelector("[data-saved]");
  const draft = document.querySelector("[data-draft]");
  const conflict = document.querySelector("[data-conflict]");
  let kept = text();
  let timer = null;
  let running = null;
  let isStopped = false;
  let isLeaving = false;

  addEventListener("beforeunload", (event) => {
    if (!isLeaving && !isClean()) event.preventDefault();
  });
  // A form of this page takes its text with it.
  form.addEventListener("submit", (event) => {
    isLeaving = event.submitter?.formTarget !== "preview";
  });

  function isClean() {
    return text() === kept;
  }

  function changed() {
    clearTimeout(timer);
    if (!isStopped) timer = setTimeout(save, PAUSE);
  }

  // Waits for what runs, then saves what is still unsaved; returns whether all is saved.
  async function flush() {
    clearTimeout(timer);
    await running;
    if (!isClean() && !isStopped) await save();
    return isClean();
  }

  function save() {
    if (running) return running.then(save);
    if (isStopped || isClean()) return Promise.resolve();
    running = ask().finally(() => (running = null));
    return running;
  }

  async function ask() {
    const sent = text();
    say(said("saving"));
    let status, answer;
    try {
      [status, answer] = await post(path, { form_token: form.elements.form_token.value, seen: form.elements.seen.value, source: sent });
    } catch {
      return again(said("noAnswer"));
    }
    if (status === 200) return taken(sent, answer);
    if (status === 409) return stop(answer);
    if (status === 401 || status === 403) return again(said("loggedOut"));
    return again(answer?.problem ?? answer?.detail ?? said("noAnswer"));
  }

  function taken(sent, answer) {
    kept = sent;
    for (const each of document.querySelectorAll("input[name=seen]")) if (each.closest("form") === form || each.closest("[data-discard]")) each.value = answer.revision;
    draft.hidden = !answer.revision;
    say(answer.at ? said("saved", { hour: hourOf(answer.at) }) : "");
    if (!isClean()) changed();
  }

  function again(why) {
    say(said("notSaved", { why }), { isWarm: true });
    timer = setTimeout(save, AGAIN);
  }

  function stop(answer) {
    isStopped = true;
    say(said("conflict"), { isWarm: true });
    conflict.querySelector("[data-problem]").textContent = answer.problem;
    conflict.hidden = false;
  }

  function say(words, { isWarm = false } = {}) {
    if (standing.textContent !== words) standing.textContent = words;
    standing.classList.toggle("is-warm", isWarm);
  }

  return { changed, flush, isClean };
}
