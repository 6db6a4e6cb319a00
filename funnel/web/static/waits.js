// Looks again, quietly, as long as the page says that something is still being counted.
// Without this script a link does.

import { ask, put } from "./sequence_swap.js";

const EVERY = 2000;
let timer = 0;

function begin() {
  clearTimeout(timer);
  if (document.querySelector("[data-waits]")) timer = setTimeout(look, EVERY);
}

async function look() {
  const waiting = document.querySelector("[data-waits]");
  if (waiting && !document.hidden) {
    try {
      const { page } = await ask(waiting.dataset.waits);
      // Another choice may have been made meanwhile.
      if (waiting.isConnected) put(page, waiting.dataset.waitsFor.split(" "));
    } catch {
      // The next look may reach it.
    }
  }
  begin();
}

document.addEventListener("swapped", begin);
begin();
