// Asks, a moment after the last key, what a card would mean for the person beside it.

import { ask, put } from "./sequence_swap.js";

const PAUSE = 180; // milliseconds of quiet

export function previewWhileTyping(root) {
  let timer = 0;
  let latest = 0;
  root.addEventListener("input", (event) => {
    const card = event.target.closest("form[data-card]");
    if (!card) return;
    if (event.target.name?.endsWith(".anchor")) showMoment(event.target);
    if (event.target.matches(".amount")) nameUnit(event.target);
    clearTimeout(timer);
    timer = setTimeout(() => preview(card), PAUSE);
  });

  async function preview(card) {
    const mine = (latest += 1);
    const beside = root.querySelector("#beside");
    beside.classList.add("is-waiting");
    try {
      const body = new URLSearchParams(new FormData(card));
      const { page, status } = await ask(card.dataset.preview, { method: "POST", body });
      // Somebody may have typed on, or closed the card, meanwhile.
      if (mine !== latest || status !== 200 || !card.isConnected) return;
      mark(card, page);
      put(page, ["calendar", "verdict"]);
    } catch {
      // What is typed is still there; the next key asks again.
    } finally {
      if (mine === latest) beside.classList.remove("is-waiting");
    }
  }
}

// "1 day", "2 days".
function nameUnit(amount) {
  const unit = amount.parentElement.querySelector("[data-one]");
  if (unit) unit.textContent = amount.value.trim() === "1" ? unit.dataset.one : unit.dataset.many;
}

// A fixed moment has a field of its own, which nothing else needs.
function showMoment(anchor) {
  const field = anchor.closest("[role=group]")?.querySelector("[data-fixed]");
  if (field) field.hidden = anchor.value !== "fixed";
}

function mark(card, page) {
  const wrong = new Set([...page.querySelectorAll("[data-fault]")].map((each) => each.dataset.fault));
  const differs = new Set(page.querySelector("[data-differs]")?.dataset.differs.split(" "));
  for (const field of card.elements) {
    if (!field.name || field.type === "hidden") continue;
    field.classList.toggle("diff", differs.has(field.name));
    if (wrong.has(field.name)) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
  // Faults of the last save stand at their fields; the verdict says what is wrong by now.
  for (const each of card.querySelectorAll(".fault[data-fault]")) {
    if (!each.closest("[data-part=verdict]")) each.remove();
  }
}
