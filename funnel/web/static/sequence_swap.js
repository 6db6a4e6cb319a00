// Asks for a page and puts its parts, named by data-part, in the place of those that are here.

export async function ask(address, options = {}) {
  const answer = await fetch(address, { credentials: "same-origin", ...options });
  const text = await answer.text();
  const page = new DOMParser().parseFromString(text, "text/html");
  return { page, address: answer.url, status: answer.status };
}

// Returns whether the page had all the parts that are asked for; a log-in page has none.
export function put(page, names) {
  const found = names.map((name) => [part(document, name), part(page, name)]);
  if (found.some(([old, fresh]) => !old || !fresh)) return false;
  for (const [old, fresh] of found) old.replaceWith(document.adoptNode(fresh));
  return true;
}

function part(page, name) {
  return page.querySelector(`[data-part="${name}"]`);
}
