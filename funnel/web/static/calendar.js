// A calendar in which the masterclass can be moved: by pointer, by keys, by buttons. The server
// draws it, resting or lifted; this only asks for the next drawing and puts it in its place.
//
// <main data-calendar data-source="address of the parts">   asked with ?to=<start> while lifted;
//                                                          has data-busy while an answer is awaited;
//                                                          data-bound: a log-in's token for what is posted
//   <p role="status" data-say>                              what is read aloud
//   <div data-part="plan" data-to data-start data-former>   drawn anew with each answer
//   <aside data-part="…">                                   any other part, as well
//
// Others on the page ask for a fresh drawing by the event "calendar-refresh" on the root.

import { watchPointer } from "./calendar_drag.js";
import { Sight } from "./calendar_sight.js";
import { drawThreads } from "./calendar_threads.js";

const QUICK = 160; // milliseconds of a slide
const PAUSE = 400; // milliseconds of quiet before a verdict is read aloud
const A_QUARTER = 15 * 60 * 1000;
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

export class Calendar {
  constructor(root) {
    this.root = root;
    this.wanted = this.plan.dataset.to; // the start that was asked for last; "" at rest
    this.sight = new Sight(this);
    this.drag = watchPointer(this);
    root.addEventListener("submit", (event) => this.onSubmit(event));
    root.addEventListener("keydown", (event) => this.onKey(event));
    root.addEventListener("calendar-refresh", () => this.refresh());
    addEventListener("resize", () => drawThreads(this.plan));
    matchMedia("print").addEventListener("change", () => drawThreads(this.plan));
    document.fonts?.ready.then(() => drawThreads(this.plan));
    drawThreads(this.plan);
  }

  get plan() {
    return this.root.querySelector("[data-part=plan]");
  }

  get seat() {
    return this.root.querySelector("[data-seat]");
  }

  get start() {
    return this.plan.dataset.start;
  }

  // Every day to which it can be taken, with the start it would have there.
  get days() {
    return [...this.plan.querySelectorAll(".cal-day[data-to]")];
  }

  // Lift it, or hold it at another start.
  hold(to) {
    if (!to || to === this.wanted) return Promise.resolve();
    this.wanted = to;
    return this.ask(to);
  }

  putBack() {
    this.wanted = "";
    return this.ask("");
  }

  letGo(to = this.wanted) {
    if (!to || to === this.start) return this.putBack();
    this.wanted = "";
    return this.post(to);
  }

  refresh() {
    if (this.isBusy || this.drag.isOn) this.isStale = true;
    else this.ask(this.wanted);
  }

  async ask(to) {
    const address = new URL(this.root.dataset.source, location.href);
    if (to) address.searchParams.set("to", to);
    else if (this.plan.dataset.former) address.searchParams.set("moved", this.plan.dataset.former);
    await this.fetch(address, {});
  }

  async post(to) {
    const form = new FormData(this.seat.form);
    form.set("to", to);
    if (this.root.dataset.bound) form.set("form_token", this.root.dataset.bound);
    await this.fetch(this.plan.dataset.post, { method: "POST", body: new URLSearchParams(form) });
  }

  // The newest question only: what was asked before is of no use any more. A move is never broken off.
  async fetch(address, options) {
    if (!this.isPosting) this.asking?.abort();
    this.asking = new AbortController();
    this.isBusy = true;
    this.root.dataset.busy = "";
    this.isPosting = options.method === "POST";
    const mine = this.asking;
    try {
      const answer = await fetch(address, { ...options, signal: this.isPosting ? undefined : mine.signal, headers: { accept: "text/html" } });
      const text = await answer.text();
      if (mine === this.asking) this.show(text);
    } catch (error) {
      if (error.name !== "AbortError") this.say(this.plan.dataset.silent);
    } finally {
      if (mine === this.asking) this.isBusy = this.isPosting = false;
      if (!this.isBusy) delete this.root.dataset.busy;
      if (!this.isBusy && this.isStale && !this.drag.isOn) {
        this.isStale = false;
        this.ask(this.wanted);
      }
    }
  }

  show(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    if (!fresh.querySelector("[data-part=plan]")) {
      this.say(this.plan.dataset.silent);
      return;
    }
    const before = this.look();
    for (const part of fresh.querySelectorAll("[data-part]")) {
      this.root.querySelector(`[data-part="${part.dataset.part}"]`)?.replaceWith(document.adoptNode(part));
    }
    this.settle(before);
  }

  // What has to be known of the old drawing: where things stood, what had the focus.
  look() {
    const focused = document.activeElement?.closest("[data-part] *");
    return {
      places: this.places(),
      seatAt: this.seatAt(),
      isSeen: this.sight.isSeen(),
      room: this.plan.querySelector(".cal-verdict-room").offsetHeight,
      items: new Set([...this.root.querySelectorAll("[data-item]")].map((each) => each.dataset.item)),
      verdict: this.verdict,
      to: this.plan.dataset.to,
      hadFocus: focused ? focused.dataset.focus ?? focused.getAttribute("href") : null,
    };
  }

  get verdict() {
    const words = this.plan.querySelector(".cal-verdict");
    return `${words.querySelector("h2").textContent}. ${words.querySelector("[data-verdict]").textContent}`;
  }

  // Where the masterclass lies in the window, or would if it were let go.
  seatAt() {
    const box = this.seat?.closest(".cal-session").getBoundingClientRect();
    return box ? box.top + box.height / 2 : null;
  }

  places() {
    const top = this.plan.querySelector(".cal-time").getBoundingClientRect().top;
    const rows = [...this.plan.querySelectorAll("[data-new]")];
    return new Map(rows.map((each) => [each.dataset.new, each.getBoundingClientRect().top - top]));
  }

  settle(before) {
    const { plan } = this;
    const { to } = plan.dataset;
    const isTurn = Boolean(before.to) !== Boolean(to);
    if (to) plan.querySelector(".cal-verdict-room").style.minHeight = `${this.roomFor(before, isTurn)}px`;
    for (const each of this.root.querySelectorAll("[data-item]")) {
      each.classList.toggle("has-arrived", !before.items.has(each.dataset.item));
    }
    if (before.hadFocus) this.focus(before.hadFocus);
    // Two plans are longer than one: the masterclass stays where the eye, and the hand, is.
    if (isTurn && before.seatAt !== null && this.seat) scrollBy({ top: this.seatAt() - before.seatAt, behavior: "instant" });
    // By buttons and keys it may lie, or go, beyond the window: then the window follows.
    if (to !== before.to && !this.drag.isOn) this.sight.follow();
    this.drag.follow();
    drawThreads(plan, { isFresh: !before.to });
    this.slide(before.places);
    if (this.verdict !== before.verdict) this.say(this.verdict);
  }

  // In the hand the verdict may leave its room (on a phone). The room goes too, but no more of it
  // than the page can be scrolled by: what is seen below it must not jump.
  roomFor(before, isTurn) {
    if (!isTurn || !this.sight.isVerdictBelow()) return before.room;
    return before.isSeen ? Math.max(0, before.room - scrollY) : 0;
  }

  // Enter on a button that is gone, such as "Move it here", leaves the hand at the masterclass.
  focus(name) {
    const same = [...this.root.querySelectorAll("[data-part] :is(button, a)")].find(
      (each) => (each.dataset.focus ?? each.getAttribute("href")) === name,
    );
    (same ?? this.seat)?.focus({ preventScroll: true });
  }

  slide(before) {
    if (isCalm.matches) return;
    const now = this.places();
    for (const each of this.plan.querySelectorAll("[data-new]")) {
      const from = before.get(each.dataset.new);
      const far = from === undefined ? 0 : from - now.get(each.dataset.new);
      const isInHand = this.drag.isOn && each.contains(this.seat);
      if (isInHand || (from !== undefined && Math.abs(far) < 1)) continue;
      const start = from === undefined ? { opacity: 0 } : { transform: `translateY(${far}px)` };
      each.animate([start, {}], { duration: QUICK, easing: "ease-out" });
    }
  }

  say(sentence) {
    clearTimeout(this.saying);
    const status = this.root.querySelector("[data-say]");
    this.saying = setTimeout(() => (status.textContent = sentence), PAUSE);
  }

  onSubmit(event) {
    const { target: form, submitter } = event;
    if (form.dataset.calendarForm === undefined) return;
    event.preventDefault();
    const to = submitter?.name === "to" ? submitter.value : "";
    const method = submitter?.getAttribute("formmethod") ?? form.method;
    if (method === "post") this.letGo(to);
    else if (to) this.hold(to);
    else this.putBack();
    // From the button that lifts, the hand goes on to what is lifted.
    if (submitter?.dataset.focus === "lift") this.seat.focus({ preventScroll: true });
  }

  onKey(event) {
    if (!this.wanted) return;
    if (event.key === "Escape") {
      this.drag.stop();
      this.putBack();
    } else if (event.target.closest("[data-seat]") && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      this.step(event.key === "ArrowUp" ? -1 : 1, { byQuarter: event.shiftKey });
    } else return;
    event.preventDefault();
  }

  step(direction, { byQuarter }) {
    if (byQuarter) {
      const moment = new Date(Date.parse(this.wanted) + direction * A_QUARTER);
      this.hold(moment.toISOString().replace(".000Z", "Z"));
      return;
    }
    const days = this.days.map((each) => each.dataset.to);
    const here = days.findLastIndex((each) => each <= this.wanted);
    const next = days[here + direction];
    if (next) this.hold(next);
    else this.say(direction < 0 ? this.plan.dataset.noEarlier : this.plan.dataset.noLater);
  }
}

for (const root of document.querySelectorAll("[data-calendar]")) new Calendar(root);
