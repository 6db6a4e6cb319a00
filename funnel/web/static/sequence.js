// A sequence's page: links and forms that keep to it change only its parts; a card that is typed
// into asks what it would mean; rows are moved by hand and by keys; numbers stay fresh.
// Without this script every link and form loads the page.

import { keepNumbers } from "./sequence_numbers.js";
import { watchOrder } from "./sequence_order.js";
import { previewWhileTyping } from "./sequence_preview.js";
import { ask, put } from "./sequence_swap.js";

const PARTS = ["head", "notices", "list", "beside", "draft"];
const root = document.querySelector("[data-sequence]");

if (root) {
  history.replaceState({ swap: true }, "");
  root.addEventListener("click", onClick);
  root.addEventListener("submit", onSubmit);
  addEventListener("popstate", () => show(location.href, {}, { pushes: false }));
  previewWhileTyping(root);
  watchOrder(root, (address, body) => show(address, { method: "POST", body }));
  keepNumbers(root);
}

function onClick(event) {
  const link = event.target.closest("a[data-swap]");
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  if (!link || !isPlain) return;
  event.preventDefault();
  show(link.href, {}, { keepsFocus: link.closest("[data-part]").dataset.part });
}

function onSubmit(event) {
  const form = event.target.closest("form[data-swap]");
  if (!form) return;
  event.preventDefault();
  const body = new FormData(form, event.submitter);
  show(form.action, { method: "POST", body: new URLSearchParams(body) });
}

async function show(address, options = {}, { pushes = true, keepsFocus = "" } = {}) {
  root.setAttribute("aria-busy", "true");
  try {
    const found = await ask(address, options);
    if (!put(found.page, PARTS)) return leave(found, address, options);
    const fresh = found.page.querySelector("[data-sequence]");
    // The answer to a post that could not be done stands at the post's own address.
    if (pushes && found.status < 300 && isPage(found.address)) {
      history.pushState({ swap: true }, "", found.address);
    }
    root.dataset.seen = fresh?.dataset.seen ?? "";
    root.dataset.numbers = fresh?.dataset.numbers ?? root.dataset.numbers;
    root.dispatchEvent(new CustomEvent("sequence-drawn"));
    settle(found.address, keepsFocus);
  } catch {
    if (options.method !== "POST") location.assign(address);
    else root.querySelector("[data-say]").textContent = root.dataset.offline ?? "";
  } finally {
    root.removeAttribute("aria-busy");
  }
}

function isPage(address) {
  return new URL(address).pathname === new URL(root.dataset.place, location.href).pathname.replace(/\/steps\/$/, "");
}

// Another page than this one: the log-in, or an error. A post is not sent twice.
function leave(found, address, options) {
  if (options.method === "POST" && found.status >= 400) location.reload();
  else location.assign(options.method === "POST" ? found.address : address);
}

function settle(address, keepsFocus) {
  const heading = root.querySelector("[data-heading]");
  const problem = root.querySelector("[aria-invalid]");
  if (problem) return problem.focus();
  if (keepsFocus === "beside") return root.querySelector("#beside summary")?.focus();
  if (new URL(address).hash && heading) {
    heading.focus({ preventScroll: true });
    heading.scrollIntoView({ block: "nearest" });
    return undefined;
  }
  const notice = root.querySelector("[data-part=notices] .notice");
  if (notice) {
    notice.tabIndex = -1;
    notice.focus({ preventScroll: true });
    notice.scrollIntoView({ block: "nearest" });
  }
  return undefined;
}
