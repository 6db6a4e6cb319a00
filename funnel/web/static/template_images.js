// Pictures: by the form, pasted, or dropped; sent with their progress, asked what they show.

import { said } from "./template_said.js";

const KINDS = /^image\/(png|jpeg|gif|webp)$/;

export function makeImages({ insert }) {
  const box = document.querySelector("[data-picture-box]");
  const form = box.querySelector("[data-images]");
  const progress = form.querySelector("[data-progress]");
  const words = form.querySelector("[data-image-said]");
  const { file, alt, form_token: token } = form.elements;
  let at = null;

  document.querySelector("[data-picture]")?.addEventListener("click", () => open());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (file.files[0]) send(file.files[0]);
  });

  function open() {
    box.open = true;
    box.scrollIntoView({ block: "nearest" });
    (file.files.length ? alt : file).focus();
  }

  // Pasted or dropped: the form opens with it, and asks what it shows.
  function take(files, place) {
    const picture = files.find((each) => KINDS.test(each.type));
    if (!picture) return false;
    const given = new DataTransfer();
    given.items.add(picture);
    file.files = given.files;
    at = place;
    open();
    alt.focus();
    return true;
  }

  // Not fetch: it tells nothing of how much has been sent.
  function send(picture) {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("form_token", token.value);
    body.append("file", picture);
    words.textContent = said("sending", { name: picture.name });
    progress.hidden = false;
    request.upload.addEventListener("progress", ({ loaded, total }) => (progress.value = loaded / total));
    request.addEventListener("loadend", () => {
      progress.hidden = true;
      const answer = parsed(request.responseText);
      if (request.status === 200) return taken(answer);
      words.textContent = said("pictureFailed", { why: answer?.problem ?? answer?.detail ?? said("noAnswer") });
    });
    request.open("POST", form.action);
    request.setRequestHeader("accept", "application/json");
    request.send(body);
  }

  function taken({ address }) {
    const shown = alt.value.trim().replaceAll(/[[\]\\]/g, "\\$&");
    insert(`![${shown}](${address})`, { at, isBlock: true });
    at = null;
    form.reset();
    box.open = false;
    words.textContent = said("pictureIn");
  }

  return { take };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
