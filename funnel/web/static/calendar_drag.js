// Takes the masterclass of a calendar by mouse or finger. The days keep the places that they had
// when it was lifted: the one under the hand opens, and those above it do not move.

const THRESHOLD = 5; // pixels before a press becomes a drag
const EDGE = 48; // pixels from the edge at which the page begins to scroll
const FASTEST = 6; // pixels of scrolling a frame
const A_DAY = 30; // pixels of a day beyond the ones that were measured

export function watchPointer(calendar) {
  return new Drag(calendar);
}

class Drag {
  constructor(calendar) {
    this.calendar = calendar;
    this.isOn = false;
    calendar.root.addEventListener("pointerdown", (event) => this.press(event));
    document.addEventListener("pointermove", (event) => this.move(event));
    document.addEventListener("pointerup", (event) => this.release(event));
    document.addEventListener("pointercancel", (event) => this.cancel(event));
    document.addEventListener("click", (event) => this.swallow(event), true);
  }

  // Escape is the calendar's: the masterclass has the focus while it is in the hand.
  press(event) {
    const seat = event.target.closest("[data-seat]");
    if (!seat || event.button !== 0 || this.pressed) return;
    const box = seat.getBoundingClientRect();
    this.pressed = { id: event.pointerId, x: event.clientX, y: event.clientY, grip: event.clientY - (box.top + box.height / 2) };
    this.y = event.clientY;
  }

  move(event) {
    if (event.pointerId !== this.pressed?.id) return;
    this.y = event.clientY;
    const far = Math.hypot(event.clientX - this.pressed.x, event.clientY - this.pressed.y);
    if (!this.isOn && far >= THRESHOLD) this.lift();
    if (this.isOn) this.aim();
  }

  lift() {
    const { calendar } = this;
    this.isOn = true;
    this.days = null;
    // The root, which stays: the button itself is drawn anew with each answer.
    calendar.root.setPointerCapture(this.pressed.id);
    document.documentElement.classList.add("is-dragging");
    calendar.seat.focus({ preventScroll: true });
    if (calendar.wanted) this.measure();
    else calendar.hold(calendar.start);
    this.scrolling = requestAnimationFrame(() => this.scroll());
  }

  // Called after each new drawing.
  follow() {
    if (!this.isOn || !this.calendar.plan.dataset.to) return;
    if (!this.days) this.measure();
    else this.lengthen();
    this.carry();
  }

  measure() {
    const { seat, days } = this.calendar;
    const row = seat.closest(".cal-day");
    const landing = seat.closest(".cal-session").getBoundingClientRect();
    const middle = landing.top + landing.height / 2;
    this.depth = middle - row.getBoundingClientRect().top;
    // Where the page could not be scrolled so far that it stayed under the hand.
    this.slip = middle - (this.pressed.y - this.pressed.grip);
    this.days = days.map((each) => ({ to: each.dataset.to, top: this.fromTop(each.getBoundingClientRect().top) }));
    this.aim();
  }

  lengthen() {
    const known = new Set(this.days.map((each) => each.to));
    for (const each of this.calendar.days) {
      const last = this.days[this.days.length - 1];
      if (!known.has(each.dataset.to) && each.dataset.to > last.to) {
        this.days.push({ to: each.dataset.to, top: last.top + A_DAY });
      }
    }
  }

  fromTop(y) {
    return y - this.calendar.plan.querySelector(".cal-time").getBoundingClientRect().top;
  }

  aim() {
    this.carry();
    if (!this.days) return;
    const place = this.fromTop(this.y) + this.slip - this.pressed.grip - this.depth;
    const nearest = this.days.findLast((each) => each.top <= place + A_DAY / 2) ?? this.days[0];
    this.calendar.hold(nearest.to);
  }

  // Keep the masterclass in the hand, wherever it was drawn.
  carry() {
    const { seat } = this.calendar;
    const landing = seat.closest(".cal-session").getBoundingClientRect();
    const far = this.y - this.pressed.grip - (landing.top + landing.height / 2);
    seat.style.transform = `translateY(${Math.round(far)}px)`;
  }

  scroll() {
    if (!this.isOn) return;
    const { top, bottom } = this.calendar.sight.window();
    const far = Math.min(this.y - (top + EDGE), 0) || Math.max(this.y - (bottom - EDGE), 0);
    // Only on towards the edge: who lifts it close to one means no more than that.
    const way = this.y - this.pressed.y;
    if (far * way > 0 && Math.abs(way) > THRESHOLD) {
      scrollBy(0, Math.max(-FASTEST, Math.min(FASTEST, far / 8)));
      this.aim();
    }
    this.scrolling = requestAnimationFrame(() => this.scroll());
  }

  release(event) {
    if (event.pointerId !== this.pressed?.id) return;
    const wasOn = this.isOn;
    const { wanted } = this.calendar;
    this.stop();
    if (wasOn) this.calendar.letGo(wanted);
  }

  cancel(event) {
    if (event.pointerId !== this.pressed?.id) return;
    const wasOn = this.isOn;
    this.stop();
    if (wasOn) this.calendar.putBack();
  }

  stop() {
    const wasOn = this.isOn;
    this.isOn = false;
    this.pressed = null;
    cancelAnimationFrame(this.scrolling);
    document.documentElement.classList.remove("is-dragging");
    const { seat } = this.calendar;
    if (seat) seat.style.transform = "";
    if (!wasOn) return;
    // The click that ends a drag is no press of the button.
    this.isClickOver = true;
    setTimeout(() => (this.isClickOver = false));
  }

  swallow(event) {
    if (!this.isClickOver) return;
    event.preventDefault();
    event.stopPropagation();
  }
}
