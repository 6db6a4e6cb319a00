// What is to mend, drawn anew with each preview; a line's number leads to it.

export function makeFindings({ goTo, mark }) {
  const place = document.querySelector("[data-findings]");
  let last = "";
  place.addEventListener("click", (event) => {
    const line = event.target.closest("[data-line]")?.dataset.line;
    if (!line) return;
    event.preventDefault();
    goTo(Number(line));
  });

  // The server draws the strip: it has the words.
  return function show({ strip, problem, problem_line, findings }) {
    if (strip === undefined) {
      place.textContent = problem;
      last = "";
    } else if (strip !== last) {
      place.innerHTML = strip;
      last = strip;
    }
    mark([
      ...(problem_line ? [{ line: problem_line, message: problem, isError: true }] : []),
      ...findings.filter(({ line }) => line).map(({ line, message, remedy, is_error }) => ({ line, message: `${message} ${remedy}`, isError: is_error })),
    ]);
  };
}
