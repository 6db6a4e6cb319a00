// Counts anew as soon as another choice is made; without this script a button does.

import { ask, put } from "./sequence_swap.js";

const form = document.querySelector("form[data-policies]");
let latest = 0;

if (form) {
  document.documentElement.classList.add("has-script");
  form.addEventListener("change", (event) => {
    if (event.target.name === "policy") count(event.target.value);
  });
}

async function count(policy) {
  const mine = (latest += 1);
  const address = new URL(location.href);
  address.pathname = form.getAttribute("action").replace(/\/publish$/, "/affected");
  address.searchParams.set("policy", policy);
  // After a publish that was refused the page stands at another address.
  const former = form.elements.to?.value;
  if (former) address.searchParams.set("to", former);
  form.setAttribute("aria-busy", "true");
  try {
    const { page } = await ask(address);
    if (mine !== latest) return;
    if (put(page, ["meaning", "decide"])) {
      history.replaceState(null, "", address);
      document.dispatchEvent(new Event("swapped"));
    } else location.assign(address);
  } catch {
    location.assign(address);
  } finally {
    if (mine === latest) form.removeAttribute("aria-busy");
  }
}
