// Shows the landing page as it would be, a moment after the last key. Without it there is a button.

const PAUSE = 400; // milliseconds after the last key
const form = document.querySelector("form[data-preview]");
const button = form?.querySelector("[data-preview-button]");
let waiting;

function show() {
  // A form that leads into the frame: the page's own policy stays as it is.
  form.requestSubmit(button);
}

if (button) {
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, PAUSE);
  });
}
