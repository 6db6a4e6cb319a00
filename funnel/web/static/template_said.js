// The words that the page's scripts say, from the page itself, where the catalogue has them.

const words = document.querySelector("#said").dataset;

export function said(name, values = {}) {
  return words[name].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

// "14:03 in Berlin", in the reader's own zone.
export function hourOf(iso) {
  const hour = new Date(iso).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const place = zone.split("/").at(-1).replaceAll("_", " ");
  return `${hour} ${zone.includes("/") ? said("where", { place }) : zone}`;
}

/** Posts a form's fields as a form would, and gives [status, answer]; the answer is JSON or null. */
export async function post(path, fields, { isFile = false } = {}) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  const answer = await fetch(path, {
    method: "POST",
    headers: { accept: "application/json" },
    body: isFile ? body : new URLSearchParams(body),
  });
  const isJson = answer.headers.get("content-type")?.includes("json");
  return [answer.status, isJson ? await answer.json() : null];
}
