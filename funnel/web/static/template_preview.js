// The preview beside the text: through the real pipeline, as the chosen reader, after the last key.

import { post, said } from "./template_said.js";

const PAUSE = 120; // ms after the last key

export function makePreview({ path, text, token, onFindings }) {
  const pane = document.querySelector("[data-pane=look]");
  const frames = pane.querySelector("[data-frames]");
  const plain = pane.querySelector("[data-preview=text]");
  let width = "desktop";
  let isDark = false;
  let reader = document.querySelector("[data-template]").dataset.reader;
  let timer = null;
  let asked = 0;
  let html = null;

  readLooks();
  readPicker();

  function changed() {
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE);
  }

  async function show() {
    clearTimeout(timer);
    const number = (asked += 1);
    let status, answer;
    try {
      [status, answer] = await post(`${path}/preview`, { form_token: token, reader, source: text() });
    } catch {
      status = 0;
    }
    if (number !== asked) return; // a later one is on its way
    if (status !== 200) {
      onFindings({ problem: said("noPreview"), problem_line: null, findings: [] });
      return;
    }
    onFindings(answer);
    // What was right last stays in sight, and is said to be that.
    pane.querySelector("[data-stale]").hidden = !answer.problem;
    pane.classList.toggle("is-stale", Boolean(answer.problem));
    if (answer.problem) return;
    pane.querySelector("[data-preview=subject]").textContent = answer.subject;
    pane.querySelector("[data-preview=preheader]").textContent = answer.preheader;
    plain.textContent = answer.text;
    html = answer.html;
    draw();
  }

  // A new frame each time: it draws behind the old one and leaves no step in the browser's history.
  function draw() {
    if (html === null) return;
    const frame = document.createElement("iframe");
    frame.title = frames.dataset.title;
    frame.name = `preview-${asked}-${Date.now()}`;
    frame.setAttribute("sandbox", "");
    frame.className = "is-coming";
    frames.append(frame);
    frame.addEventListener("load", () => {
      for (const each of [...frames.children]) if (each !== frame && each.compareDocumentPosition(frame) & Node.DOCUMENT_POSITION_FOLLOWING) each.remove();
      frame.classList.remove("is-coming");
    });
    const form = document.createElement("form");
    form.method = "post";
    form.action = "/studio/templates/look";
    form.target = frame.name;
    form.hidden = true;
    for (const [name, value] of Object.entries({ form_token: token, html, look: isDark ? "dark" : "light" })) {
      const field = document.createElement("textarea");
      field.name = name;
      field.value = value;
      form.append(field);
    }
    document.body.append(form);
    form.submit();
    form.remove();
  }

  function readLooks() {
    const looks = pane.querySelector("[data-looks]");
    looks.hidden = false;
    isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    press();
    looks.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (!button) return;
      if (button.dataset.width) width = button.dataset.width;
      else isDark = !isDark;
      press();
      if (!button.dataset.width) html === null ? show() : draw();
    });
    function press() {
      for (const each of looks.querySelectorAll("[data-width]")) each.setAttribute("aria-pressed", each.dataset.width === width);
      looks.querySelector("[data-dark]").setAttribute("aria-pressed", isDark);
      frames.hidden = width === "text";
      plain.hidden = width !== "text";
      frames.classList.toggle("is-phone", width === "phone");
    }
  }

  function readPicker() {
    const select = pane.querySelector("[data-reader-select]");
    const find = pane.querySelector("[data-find]");
    const list = pane.querySelector("[data-found]");
    let searching = 0;
    find.form.addEventListener("submit", (event) => event.preventDefault());
    select.addEventListener("change", () => choose(select.value));
    find.addEventListener("input", async () => {
      const words = find.value.trim();
      const number = (searching += 1);
      if (words.length < 2) return list.replaceChildren();
      const answer = await fetch(`/studio/templates/readers?q=${encodeURIComponent(words)}`, { headers: { accept: "application/json" } }).catch(() => null);
      const found = answer?.ok ? await answer.json() : [];
      if (number === searching) offer(found, words);
    });

    function offer(found, words) {
      list.replaceChildren(...found.map((each) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "link-button";
        button.textContent = each.name;
        button.addEventListener("click", () => take(each));
        return line(button, each.name === each.detail ? "" : each.detail);
      }));
      if (!found.length) list.append(line(said("nobody", { words })));
    }

    function take({ value, name }) {
      const known = [...select.options].find((each) => each.value === value);
      if (!known) select.add(new Option(name, value), 0);
      select.value = value;
      find.value = "";
      list.replaceChildren();
      choose(value);
      select.focus();
    }
  }

  function line(first, detail = "") {
    const item = document.createElement("li");
    item.append(first);
    if (detail) {
      const small = document.createElement("span");
      small.className = "small soft";
      small.textContent = ` ${detail}`;
      item.append(small);
    }
    return item;
  }

  function choose(value) {
    reader = value;
    for (const each of document.querySelectorAll("input[type=hidden][name=reader]")) each.value = value;
    show();
  }

  return { changed, show };
}
