// Shows every date of a form in another time zone: the visitor's own on the landing page, or the
// one that they choose. Without this script the page shows the zone that the server chose.

const form = document.querySelector("form[data-moments]");
const zones = document.querySelector("#zone");

if (form && zones) {
  dropWhatIsForOthers();
  if (zones.dataset.detect !== undefined) showOwnZone();
  zones.addEventListener("change", () => show(zones.value));
  form.addEventListener("change", follow);
  if (zones.dataset.detect === undefined) follow();
}

function dropWhatIsForOthers() {
  for (const each of document.querySelectorAll("[data-without-script]")) {
    each.hidden = true;
    each.disabled = true;
  }
}

function showOwnZone() {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!own) return;
  // Browsers keep older names: Chromium says Asia/Calcutta where the list says Asia/Kolkata.
  const known = [...zones.options].find(
    (each) => each.value === own || each.dataset.older?.split(" ").includes(own),
  );
  if (!known) zones.add(new Option(placeOf(own), own), 0);
  zones.value = known?.value ?? own;
  show(zones.value);
}

// POSIX counts the other way round: Etc/GMT+5 is five hours behind UTC.
function placeOf(zone) {
  const offset = /^Etc\/GMT([+-])(\d+)$/.exec(zone);
  if (offset) return `UTC${offset[1] === "+" ? "\u2212" : "+"}${offset[2]}`;
  return zone.split("/").pop().replaceAll("_", " ");
}

function show(zone) {
  const place = zones.selectedOptions[0].textContent;
  const where = place.startsWith("UTC") ? place : `in ${place}`;
  for (const each of document.querySelectorAll("[data-starts]")) {
    write(each, "day", day(each.dataset.starts, zone));
    write(each, "hour", hour(each.dataset.starts, zone));
    write(each, "ends-hour", hour(each.dataset.ends, zone));
  }
  write(document, "where", where);
  write(document, "whose", "yours");
  for (const each of document.querySelectorAll("[data-zone-not-chosen]")) each.disabled = true;
  follow();
}

// What repeats a choice above or below it: the large moment, and the words of a folded row.
function follow() {
  const chosen = form.querySelector("input[name=session]:checked")?.closest("[data-starts]");
  for (const each of document.querySelectorAll("[data-follows=session]")) {
    if (!chosen) continue;
    const target = each.querySelector("[data-starts]");
    if (target) {
      target.dataset.starts = chosen.dataset.starts;
      target.dataset.ends = chosen.dataset.ends;
      write(target, "day", day(chosen.dataset.starts, zones.value));
      write(target, "hour", hour(chosen.dataset.starts, zones.value));
      write(target, "ends-hour", hour(chosen.dataset.ends, zones.value));
    } else {
      each.textContent = `${day(chosen.dataset.starts, zones.value)}, ${hour(chosen.dataset.starts, zones.value)}`;
    }
  }
  const letters = form.querySelector("input[name=letters][type=checkbox]");
  for (const each of document.querySelectorAll("[data-follows=letters]")) {
    if (letters) each.textContent = letters.checked ? each.dataset.yes : each.dataset.no;
  }
  for (const each of document.querySelectorAll("[data-follows=zone]")) {
    const now = hour(each.dataset.now, zones.value);
    each.textContent = `${zones.selectedOptions[0].textContent}, now ${now}`;
  }
}

function write(root, name, text) {
  for (const each of root.querySelectorAll(`[data-show="${name}"]`)) each.textContent = text;
}

function day(iso, zone) {
  const named = { timeZone: zone, weekday: "long", day: "numeric", month: "long", year: "numeric" };
  const parts = pieces(iso, named);
  const words = `${parts.weekday} ${parts.day} ${parts.month}`;
  // The year only where it is another one than now, as on the server.
  return parts.year === pieces(form.dataset.now, named).year ? words : `${words} ${parts.year}`;
}

function hour(iso, zone) {
  const parts = pieces(iso, { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return `${parts.hour}:${parts.minute}`;
}

function pieces(iso, options) {
  const found = new Intl.DateTimeFormat("en-GB", options).formatToParts(new Date(iso));
  return Object.fromEntries(found.map((each) => [each.type, each.value]));
}
