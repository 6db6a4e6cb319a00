// The calendar in the demo: drawn anew when its time goes on or a mail has come.

const root = document.querySelector("[data-calendar]");
let seen = "";

document.addEventListener("demo-state", ({ detail }) => {
  const now = `${detail.clock} ${detail.marker}`;
  const isNews = seen !== "" && seen !== now;
  seen = now;
  if (isNews) root.dispatchEvent(new CustomEvent("calendar-refresh"));
});
