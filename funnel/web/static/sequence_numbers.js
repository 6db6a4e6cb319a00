// Keeps the numbers of the list fresh, quietly: only while somebody looks, and only what changed.

const EVERY = 10_000; // milliseconds
const WHILE_FOLLOWING = 1_500; // while people follow to a new version

export function keepNumbers(root) {
  let timer = 0;
  const plan = () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, root.querySelector("[data-replan]") ? WHILE_FOLLOWING : EVERY);
  };

  async function refresh() {
    if (!document.hidden) {
      try {
        const answer = await fetch(root.dataset.numbers, { headers: { accept: "application/json" } });
        if (answer.ok) show(await answer.json());
      } catch {
        // Without a network the numbers stay as they are; the next time may be better.
      }
    }
    plan();
  }

  function show(found) {
    const people = root.querySelector("[data-people]");
    if (people && people.textContent !== found.people) people.textContent = found.people;
    const replan = root.querySelector("[data-replan]");
    if (replan && found.replan) replan.textContent = found.replan;
    for (const [key, numbers] of Object.entries(found.emails)) {
      const row = root.querySelector(`tr[data-row="${CSS.escape(key)}"]`);
      for (const cell of row?.querySelectorAll("[data-count]") ?? []) {
        const fresh = numbers[cell.dataset.count];
        if (!fresh || cell.textContent === fresh.says) continue;
        cell.textContent = fresh.says;
        cell.classList.toggle("zero", fresh.zero);
        cell.classList.add("has-changed");
      }
    }
  }

  addEventListener("visibilitychange", () => document.hidden || refresh());
  root.addEventListener("sequence-drawn", plan);
  plan();
}
