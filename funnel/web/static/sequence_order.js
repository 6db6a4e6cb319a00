// Moves an email to another place of the list: by pointer, or lifted with a key and moved with the
// arrows, enter to let go, escape to put it back. What is said stands in the page's own words.

export function watchOrder(root, post) {
  let held = null; // { row, home, isByKey }

  const rows = () => [...root.querySelectorAll("tr[data-row]")].filter((each) => each.dataset.row);
  const list = () => root.querySelector("[data-rows]");
  const words = () => root.querySelector("[data-words]").dataset;
  const say = (text) => (root.querySelector("[data-say]").textContent = text);

  const unhide = () => root.querySelectorAll("[data-lift]").forEach((each) => (each.hidden = false));
  unhide();
  root.addEventListener("sequence-drawn", () => {
    held = null;
    unhide();
  });

  root.addEventListener("keydown", (event) => {
    const handle = event.target.closest("[data-lift]");
    if (!handle) return;
    const isLift = event.key === " " || event.key === "Enter";
    if (!held && isLift) lift(handle.closest("tr"), true);
    else if (held?.isByKey && isLift) letGo();
    else if (held?.isByKey && event.key === "Escape") putBack();
    else if (held?.isByKey && event.key === "ArrowUp") step(-1, handle);
    else if (held?.isByKey && event.key === "ArrowDown") step(1, handle);
    else return;
    event.preventDefault();
  });

  // A screen reader presses a button without a key.
  root.addEventListener("click", (event) => {
    const handle = event.target.closest("[data-lift]");
    if (!handle || event.detail) return;
    if (held) letGo();
    else lift(handle.closest("tr"), true);
  });

  root.addEventListener("focusout", (event) => {
    // A handle that moves with its row loses the focus for a moment and gets it back.
    if (!held?.isByKey || !event.target.closest("[data-lift]")) return;
    setTimeout(() => {
      if (held?.isByKey && !held.row.contains(document.activeElement)) putBack();
    });
  });

  root.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest("[data-lift]");
    if (!handle || event.button || held) return;
    event.preventDefault();
    lift(handle.closest("tr"), false);
    // Not captured by the handle: it is taken out of the page and put back with its row.
    const move = (moved) => over(moved.clientY);
    const end = (done) => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", end);
      removeEventListener("pointercancel", end);
      if (done.type === "pointerup") letGo();
      else putBack();
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  });

  function lift(row, isByKey) {
    held = { row, home: row.nextElementSibling, from: place(row), isByKey };
    row.classList.add("is-lifted");
    root.classList.add("is-lifting");
    say(told("lifted"));
  }

  function step(by, handle) {
    const all = rows();
    const target = all[all.indexOf(held.row) + by];
    if (!target) return;
    if (by < 0) target.before(held.row);
    else target.after(held.row);
    handle.focus();
    held.row.scrollIntoView({ block: "nearest" });
    say(told("at"));
  }

  function over(y) {
    for (const row of rows()) {
      if (row === held.row) continue;
      const { top, bottom } = row.getBoundingClientRect();
      if (y < top || y > bottom) continue;
      if (y < (top + bottom) / 2) row.before(held.row);
      else row.after(held.row);
      return;
    }
  }

  function letGo() {
    const { row, from } = held;
    const position = place(row);
    release();
    if (position === from) {
      say(told("same", row));
      return;
    }
    const body = new URLSearchParams({
      form_token: root.dataset.token,
      seen: root.dataset.seen,
      person: root.querySelector("[data-who]").dataset.who,
      position: String(position),
    });
    say(told("placed", row));
    post(`${root.dataset.place}${encodeURIComponent(row.dataset.row)}/place`, body);
  }

  function putBack() {
    const { row, home } = held;
    list().insertBefore(row, home);
    const handle = row.querySelector("[data-lift]");
    release();
    handle.focus();
    say(told("back", row));
  }

  function release() {
    held.row.classList.remove("is-lifted");
    root.classList.remove("is-lifting");
    held = null;
  }

  function place(row) {
    return rows().indexOf(row);
  }

  function told(word, row = held.row) {
    return words()[word]
      .replace("{name}", row.dataset.name)
      .replace("{number}", String(place(row) + 1))
      .replace("{count}", String(rows().length));
  }
}
