// The part of the window in which a calendar can be seen, and the way of the masterclass into it.

const QUICK = 160; // milliseconds of the way
const AIR = 32; // pixels kept free above and below the masterclass
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

export class Sight {
  constructor(calendar) {
    this.calendar = calendar;
    // Whoever scrolls on their own is not held back.
    for (const kind of ["wheel", "touchmove", "pointerdown"]) {
      addEventListener(kind, () => this.stop(), { passive: true });
    }
  }

  // On a phone the verdict rides at the thumb while the masterclass is lifted.
  isVerdictBelow() {
    return getComputedStyle(this.calendar.plan.querySelector(".cal-verdict")).position === "fixed";
  }

  // What neither the bar nor the verdict covers, in pixels of the window.
  window() {
    const bar = document.querySelector("#demobar")?.getBoundingClientRect().bottom ?? 0;
    const { plan } = this.calendar;
    if (this.isVerdictBelow()) {
      return { top: bar, bottom: plan.querySelector(".cal-verdict").getBoundingClientRect().top };
    }
    const room = plan.querySelector(".cal-verdict-room");
    const isAbove = getComputedStyle(room).position === "sticky";
    return { top: isAbove ? Math.max(bar, room.getBoundingClientRect().bottom) : bar, bottom: innerHeight };
  }

  isSeen() {
    const box = this.landing();
    const { top, bottom } = this.window();
    return box !== null && box.top >= top && box.bottom <= bottom;
  }

  landing() {
    return this.calendar.seat?.closest(".cal-session").getBoundingClientRect() ?? null;
  }

  // Bring the masterclass into sight: not at all where it is, by as much as it lacks where it is
  // close, into the middle where it is far.
  follow() {
    this.stop();
    const box = this.landing();
    if (!box || this.isSeen()) return;
    const { top, bottom } = this.window();
    const lacks = Math.min(box.top - AIR - top, 0) || Math.max(box.bottom + AIR - bottom, 0);
    const isFar = Math.abs(lacks) > (bottom - top) / 2;
    this.scroll(isFar ? (box.top + box.bottom - top - bottom) / 2 : lacks);
  }

  // Browsers take their own time for a smooth way, and some take none.
  scroll(far) {
    const from = scrollY;
    const start = performance.now();
    const go = (now) => {
      const part = isCalm.matches ? 1 : Math.min(1, Math.max(0, (now - start) / QUICK));
      scrollTo({ top: from + far * (1 - (1 - part) ** 3), behavior: "instant" });
      this.going = part < 1 ? requestAnimationFrame(go) : null;
    };
    if (isCalm.matches) go(start);
    else this.going = requestAnimationFrame(go);
  }

  stop() {
    if (this.going) cancelAnimationFrame(this.going);
    this.going = null;
  }
}
