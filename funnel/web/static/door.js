// A join page becomes another one when its door opens or closes: it loads itself anew then. In the
// demo the bar does it, because the demo's time is another.

const changesAt = document.querySelector("[data-changes-at]")?.dataset.changesAt;
const LONGEST = 24 * 60 * 60 * 1000; // beyond, a browser's timer is not to be trusted

if (changesAt && !document.querySelector("#demobar")) {
  const wait = new Date(changesAt) - Date.now() + 1000;
  if (wait > 0 && wait < LONGEST) setTimeout(() => location.reload(), wait);
}
