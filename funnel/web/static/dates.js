// Pages of a date: what is under way is looked at again, and an email is shown at once.
//
// <… data-progress>              fetched again while it is there: how far something is
// <… data-calendar> with a part that has data-under-way: the calendar draws itself anew
// <form data-at-once>            posted as the page opens, into its frame

const AGAIN = 2000; // milliseconds

for (const form of document.querySelectorAll("form[data-at-once]")) form.requestSubmit();

const calendar = document.querySelector("[data-calendar]");

async function look() {
  if (calendar) {
    // In the hand it is drawn anew with every move.
    const isHeld = calendar.querySelector("[data-part=plan]").dataset.to !== "";
    if (calendar.querySelector("[data-under-way]") && !isHeld) calendar.dispatchEvent(new CustomEvent("calendar-refresh"));
  } else if (!(await refresh())) return;
  setTimeout(look, AGAIN);
}

// Says whether it goes on.
async function refresh() {
  const old = document.querySelector("[data-progress]");
  if (!old) return false;
  try {
    const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = old.id ? fresh.getElementById(old.id) : fresh.querySelector("[data-progress]");
    if (!answer.ok || old.contains(document.activeElement)) return true;
    if (now) old.replaceWith(document.adoptNode(now));
    else old.remove();
    return now?.dataset.progress !== undefined;
  } catch {
    return true;
  }
}

if (calendar || document.querySelector("[data-progress]")) setTimeout(look, AGAIN);
