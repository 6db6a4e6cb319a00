// The first lines of an email, between two lines of dashes. The page has a field for each of them
// that people change; a key by mistake in the lines themselves, and the email cannot be read any
// more. So they are out of sight, and nothing that is typed, pasted or deleted reaches them, until
// somebody asks to see them.

import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView } from "@codemirror/view";

const FENCE = /^---[ \t]*$/;
const setShown = StateEffect.define();

const firstLines = StateField.define({
  create: (state) => seen(state.doc, false),
  update(value, transaction) {
    const asked = transaction.effects.find((each) => each.is(setShown));
    if (!asked && !transaction.docChanged) return value;
    return seen(transaction.state.doc, asked ? asked.value : value.isShown);
  },
  provide: (field) => EditorView.decorations.from(field, ({ hides }) => hides),
});

/** Keeps the first lines out of sight and out of reach; `showFirstLines` brings them back. */
export function protectFirstLines() {
  return [
    firstLines,
    EditorState.changeFilter.of(({ startState }) => {
      const start = textStart(startState);
      return start === 0 || [0, start];
    }),
    // Whatever is chosen begins where the text does: "all" means all of the text, and what is typed
    // over it takes its place.
    EditorState.transactionFilter.of((transaction) => {
      const start = startAfter(transaction);
      const { ranges } = transaction.newSelection;
      if (ranges.every((each) => each.from >= start)) return transaction;
      const { anchor, head } = transaction.newSelection.main;
      return [transaction, { selection: { anchor: Math.max(anchor, start), head: Math.max(head, start) }, sequential: true }];
    }),
  ];
}

export function showFirstLines(view, isShown) {
  const { main } = view.state.selection;
  const start = isShown ? 0 : seen(view.state.doc, false).start;
  const anchor = isShown ? 0 : Math.max(main.anchor, start);
  view.dispatch({ effects: [setShown.of(isShown), EditorView.scrollIntoView(anchor)], selection: { anchor, head: isShown ? 0 : Math.max(main.head, start) } });
}

/** Where the text begins that may be changed: 0 while all is shown. */
export function textStart(state) {
  return state.field(firstLines).start;
}

// Asking the transaction for its new state would make it, before its filters are through.
function startAfter(transaction) {
  const asked = transaction.effects.find((each) => each.is(setShown));
  const { isShown } = transaction.startState.field(firstLines);
  return seen(transaction.newDoc, asked ? asked.value : isShown).start;
}

function seen(doc, isShown) {
  const end = isShown ? null : closingLine(doc);
  // Without a line below them there would be no place to type.
  if (end === null || end.number === doc.lines) return { isShown, start: 0, hides: Decoration.none };
  return { isShown, start: end.to + 1, hides: Decoration.set(Decoration.replace({ block: true }).range(0, end.to)) };
}

function closingLine(doc) {
  if (!FENCE.test(doc.line(1).text)) return null;
  for (let number = 2; number <= doc.lines; number += 1) {
    const line = doc.line(number);
    if (FENCE.test(line.text)) return line;
  }
  return null;
}
