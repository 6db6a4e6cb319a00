// Draws the threads of a calendar: one through the days, and, while the masterclass is lifted, one
// from each email's old moment to its new one. Only measures what stands on the page.

const NAMESPACE = "http://www.w3.org/2000/svg";
const BELOW = 36; // pixels by which a thread goes on after the last row
const ROUND = 12; // pixels of ribbon above the first and below the last email in it

// ``isFresh``: the masterclass has just been lifted, so the threads come gently.
export function drawThreads(plan, { isFresh = false } = {}) {
  const time = plan.querySelector(".cal-time");
  const svg = time?.querySelector(".cal-threads");
  if (!svg) return;
  const board = new Board(time);
  const paths = plan.dataset.to ? twoPlans(board) : onePlan(board);
  svg.classList.toggle("is-fresh", isFresh);
  svg.replaceChildren(...paths.filter(Boolean));
}

class Board {
  constructor(time) {
    this.time = time;
    this.origin = time.getBoundingClientRect();
    this.now = this.middle(time.querySelector("[data-now]")).y;
  }

  middle(each) {
    const box = each.getBoundingClientRect();
    return { x: box.left + box.width / 2 - this.origin.left, y: box.top + box.height / 2 - this.origin.top };
  }

  // The place of a moment on its thread: its sign, or for the masterclass in the hand its landing.
  moment(each) {
    const isLanding = each.classList.contains("is-landing");
    return this.middle(isLanding ? each : each.querySelector(".cal-sign"));
  }

  all(side) {
    return [...this.time.querySelectorAll(`[data-${side}]`)];
  }

  bottom() {
    const box = this.time.querySelector(".cal-days").getBoundingClientRect();
    return box.bottom - this.origin.top;
  }

  // One column: the middle of the first sign in it that is no button's.
  column(side) {
    const found = this.all(side).find((each) => !each.matches(".cal-session"));
    return found ? this.middle(found.querySelector(".cal-sign")).x : null;
  }
}

function onePlan(board) {
  const x = board.column("new");
  if (x === null) return [];
  const places = board.all("new").map((each) => board.moment(each).y);
  const [first, last] = [Math.min(...places), Math.max(...places)];
  return [
    first < board.now && path("past", `M${x} ${first}L${x} ${board.now}`),
    last > board.now && path("new", `M${x} ${board.now}L${x} ${last}`),
  ];
}

function twoPlans(board) {
  const [oldX, newX] = [board.column("old") ?? board.column("new"), board.column("new")];
  if (newX === null) return [];
  const places = new Map(board.all("new").map((each) => [each.dataset.new, each]));
  const pairs = board.all("old").flatMap((old) => {
    const after = places.get(old.dataset.old);
    if (!after || old.dataset.moved === undefined) return [];
    const [from, to] = [{ x: oldX, y: board.moment(old).y }, { x: newX, y: board.moment(after).y }];
    return [{ from, to, form: after.dataset.form, travels: old.dataset.travels !== undefined }];
  });
  const first = Math.min(...[...places.values()].map((each) => board.moment(each).y));
  const end = board.bottom() + BELOW - 24;
  return [
    ribbon(pairs.filter((each) => each.travels)),
    path("old", `M${oldX} ${board.now}L${oldX} ${end}`),
    ...pairs.filter(isOnItsOwn).map((each) => path(kind(each.form), curve(each.from, each.to))),
    first < board.now && path("past", `M${newX} ${first}L${newX} ${board.now}`),
    path("new", `M${newX} ${board.now}L${newX} ${end}`),
  ];
}

// Of what travels in the ribbon only the masterclass has a thread.
function isOnItsOwn(pair) {
  return !pair.travels || pair.form === "masterclass";
}

function kind(form) {
  if (form === "masterclass") return "session";
  return form === "skipped" ? "late" : "line";
}

// What belongs to the masterclass's day travels together.
function ribbon(pairs) {
  if (pairs.length < 2) return null;
  const [top, low] = [pairs[0], pairs[pairs.length - 1]];
  const bend = (top.to.x - top.from.x) / 2;
  const [a1, b1, a2, b2] = [top.from.y - ROUND, top.to.y - ROUND, low.from.y + ROUND, low.to.y + ROUND];
  const [left, right] = [top.from.x, top.to.x];
  return path(
    "ribbon",
    `M${left} ${a1}C${left + bend} ${a1} ${right - bend} ${b1} ${right} ${b1}` +
      `L${right} ${b2}C${right - bend} ${b2} ${left + bend} ${a2} ${left} ${a2}Z`,
  );
}

function curve(from, to) {
  const bend = (to.x - from.x) / 2;
  return `M${from.x} ${from.y}C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`;
}

function path(name, course) {
  const drawn = document.createElementNS(NAMESPACE, "path");
  drawn.setAttribute("class", name);
  drawn.setAttribute("d", course);
  return drawn;
}
