// The inbox: new mail appears by itself, and a mail is as high as its text, so that one page scrolls.

let marker = document.querySelector(".inbox").dataset.marker;
let isFetching = false;

fit();
document.addEventListener("demo-state", ({ detail }) => {
  if (detail.marker !== marker && !isFetching) refresh();
});
addEventListener("resize", fit);

// Without a chosen mail the page follows the latest; a chosen one stays where it is.
async function refresh() {
  isFetching = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const inbox = document.querySelector(".inbox");
    const isFollowing = inbox.dataset.follow !== undefined;
    const known = new Set([...inbox.querySelectorAll("li[data-mail]")].map((each) => each.dataset.mail));
    const list = fresh.querySelector(".inbox-list");
    for (const each of list.querySelectorAll("li[data-mail]")) {
      if (!known.has(each.dataset.mail)) each.classList.add("has-arrived");
    }
    const focused = document.activeElement?.closest("li[data-mail]")?.dataset.mail;
    const scrolled = inbox.querySelector(".inbox-list").scrollTop;
    inbox.querySelector(".inbox-list").replaceWith(list);
    list.scrollTop = scrolled;
    if (focused) list.querySelector(`li[data-mail="${CSS.escape(focused)}"] a`)?.focus();
    inbox.classList.toggle("is-empty", known.size === 0 && list.querySelector("li[data-mail]") === null);
    if (isFollowing) follow(inbox, fresh);
    marker = fresh.querySelector(".inbox").dataset.marker;
  } finally {
    isFetching = false;
  }
}

function follow(inbox, fresh) {
  const shown = inbox.querySelector(".mail, .empty");
  const latest = fresh.querySelector(".mail, .empty");
  if (shown.dataset.mail === latest.dataset.mail) return;
  shown.replaceWith(latest);
  fit();
}

function fit() {
  const frame = document.querySelector(".preview iframe");
  if (!frame) return;
  const measure = () => {
    const body = frame.contentDocument?.body;
    if (body?.childElementCount) frame.style.height = `${Math.ceil(body.getBoundingClientRect().height)}px`;
  };
  frame.addEventListener("load", measure, { once: true });
  if (frame.contentDocument?.readyState === "complete") measure();
}
