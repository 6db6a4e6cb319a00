// While a file is being gone through, the page shows how far it is; without this script a link does.

const PAUSE = 1500; // milliseconds

async function refresh() {
  const live = document.getElementById("import-live");
  if (!live || !("open" in live.dataset)) return;
  try {
    const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("import-live");
    if (answer.ok && fresh && !("open" in fresh.dataset)) {
      location.replace(location.pathname);
      return;
    }
    // Only figures move while it is open: whoever stands on the button keeps standing there.
    const [before, after] = [live, fresh].map((each) => each?.querySelector("progress"));
    if (answer.ok && before && after) {
      before.value = after.value;
      const words = (root) => root.querySelector(".import-progress p");
      words(live).textContent = words(fresh).firstChild.textContent;
    }
  } catch {
    // The next one may come through.
  }
  setTimeout(refresh, PAUSE);
}

setTimeout(refresh, PAUSE);
