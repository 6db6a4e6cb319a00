// The demo's bar: asks once a second how things stand, and presses its buttons without a reload.
// Others on the page hear of it by the event "demo-state".

const bar = document.querySelector("#demobar");
const waiting = document.querySelector("#waiting");
const firstMarker = bar.dataset.marker;
const language = `?language=${document.documentElement.lang}`;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const isZoneKnown = document.cookie.includes("demo_zone=");
let isAsking = false;

// Only the demo sets a cookie: its times are shown in the visitor's own zone from the next page on.
document.cookie = `demo_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
if (!isZoneKnown && document.cookie.includes("demo_zone=") && document.querySelector(".mails")) location.reload();

document.addEventListener("submit", (event) => {
  // Only the bar's own buttons: other pages of the demo have forms of their own.
  if (!event.submitter?.dataset.press) return;
  const address = event.submitter.getAttribute("formaction") ?? event.target.getAttribute("action");
  event.preventDefault();
  press(address);
});

async function press(address) {
  try {
    const answer = await fetch(address + language, { method: "POST", headers: { accept: "application/json" } });
    const told = await answer.json();
    if (answer.ok) show(told);
    else say(told.detail ?? told.title, "");
  } catch {
    say(bar.dataset.silent, "");
  }
}

async function ask() {
  if (isAsking || document.hidden) return;
  isAsking = true;
  try {
    const answer = await fetch("/demo/state" + language, { headers: { accept: "application/json" } });
    if (answer.ok) show(await answer.json());
  } catch {
    say(bar.dataset.silent, "");
  } finally {
    isAsking = false;
  }
}

function show(state) {
  write("clock", state.clock);
  write("where", state.where);
  write("coming", state.coming);
  write("coming_short", state.coming_short);
  bar.querySelector(".coming").title = state.coming;
  bar.querySelector(".clock").classList.toggle("is-still", state.is_frozen);
  const pause = bar.querySelector("[data-press=pause]");
  const words = pause.querySelector("[data-bar=pause]").dataset;
  write("pause", state.is_frozen ? words.paused : words.pause);
  pause.setAttribute("formaction", state.is_frozen ? "/demo/resume" : "/demo/pause");
  pause.setAttribute("aria-pressed", state.is_frozen);
  for (const goal of ["next", "session", "all"]) {
    bar.querySelector(`[data-press=${goal}]`).setAttribute("aria-pressed", state.goal === goal);
  }
  const session = bar.querySelector("[data-press=session]");
  session.disabled = !state.can_session;
  session.title = state.can_session ? "" : session.dataset.why;
  bar.querySelector("[data-bar=new]").hidden = location.pathname.startsWith("/inbox") || state.marker === firstMarker;
  say(state.waiting, state.remedy);
  reloadWhenItIsTime(state.now);
  document.dispatchEvent(new CustomEvent("demo-state", { detail: state }));
}

function say(sentence, remedy) {
  write("waiting", sentence);
  waiting.hidden = !sentence;
  for (const each of waiting.querySelectorAll("[data-remedy]")) {
    // A page that is itself the remedy need not lead to itself.
    each.hidden = each.dataset.remedy !== remedy || each.getAttribute("href") === location.pathname;
  }
}

function write(name, text) {
  const target = document.querySelector(`[data-bar=${name}]`);
  if (target.textContent !== text) target.textContent = text;
}

// A join page becomes another one when its door opens or closes, in the demo's time.
function reloadWhenItIsTime(now) {
  const changesAt = document.querySelector("[data-changes-at]")?.dataset.changesAt;
  if (changesAt && now >= changesAt) location.reload();
}

setInterval(ask, 1000);
document.addEventListener("visibilitychange", ask);
ask();
