// The editor for emails: Markdown with Jinja in it, below a front matter in YAML.
//
// It stands in a shadow tree. There CodeMirror's styles are constructed style sheets, which our
// content security policy allows; in the page itself they would be an inline <style>, which it does
// not. Colours are the page's own custom properties: they reach into the shadow, and change with it
// between light and dark.

import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { closePercentBrace, jinja } from "@codemirror/lang-jinja";
import { markdown, markdownKeymap } from "@codemirror/lang-markdown";
import { yamlFrontmatter } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, dropCursor, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

import { protectFirstLines, showFirstLines, textStart } from "./editor/first_lines.js";

const COLOURS = HighlightStyle.define([
  { tag: tags.heading, color: "var(--ink)", fontWeight: "600" },
  { tag: tags.strong, fontWeight: "600" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: [tags.link, tags.url], color: "var(--accent)" },
  { tag: [tags.variableName, tags.propertyName], color: "var(--accent)" },
  { tag: [tags.keyword, tags.operatorKeyword, tags.definitionKeyword], color: "var(--warm)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.brace, tags.processingInstruction, tags.meta, tags.comment, tags.contentSeparator], color: "var(--ink-soft)" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

const LOOK = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: "var(--t15)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", overflow: "auto" },
  ".cm-content": { padding: "12px 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 12px" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--ink-soft)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--accent-soft) 45%, transparent)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--accent) 30%, transparent)" },
  ".cm-selectionMatch": { backgroundColor: "var(--accent-soft)" },
  ".cm-tooltip, .cm-panels": { color: "var(--ink)", backgroundColor: "var(--surface)", borderColor: "var(--line)", fontFamily: "var(--sans)" },
  ".cm-tooltip-autocomplete ul li": { padding: "4px 8px", lineHeight: "1.4" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { color: "var(--on-accent)", backgroundColor: "var(--accent)" },
  ".cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail": { color: "var(--on-accent)" },
  ".cm-completionDetail": { color: "var(--ink-soft)", fontStyle: "normal" },
  ".cm-completionInfo": { maxWidth: "280px", padding: "8px 12px" },
  ".cm-textfield, .cm-button": { color: "var(--ink)", background: "var(--surface)", border: "1px solid var(--edge)", borderRadius: "4px" },
  // Lint's own marks are pictures in data: addresses, which our policy does not let in.
  ".cm-lintRange-error, .cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warm)" },
  ".cm-lintRange-error": { textDecorationColor: "var(--bad)" },
  ".cm-lint-marker-error, .cm-lint-marker-warning": { content: "normal", width: "8px", height: "8px", margin: "4px 0 0 2px", clipPath: "polygon(50% 0, 100% 100%, 0 100%)", backgroundColor: "var(--warm)" },
  ".cm-lint-marker-error": { backgroundColor: "var(--bad)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warm)" },
  ".cm-searchMatch": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)" },
});

/**
 * Puts an editor into `place`, an empty element.
 *
 * `words` names what can be completed: {fields: {"": [{label, detail, info}], person: [...]},
 * filters: [...]}; `label` says what the editor is for. `onChange` is called with every change of
 * the text by a person, `onFiles` with the files that were pasted or dropped; it returns whether it
 * takes them; `onFirstLines` before the cursor is put into lines that are out of sight.
 */
export function makeEditor({ place, text, label, describedBy, words, isReadOnly, onChange, onFiles, onFirstLines, onSave }) {
  const root = place.attachShadow({ mode: "open" });
  const described = describedInside(root, describedBy);
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        lintGutter(),
        history(),
        drawSelection(),
        dropCursor(),
        highlightActiveLine(),
        highlightSelectionMatches(),
        closeBrackets(),
        closePercentBrace,
        autocompletion({ icons: false }),
        language(words),
        protectFirstLines(),
        syntaxHighlighting(COLOURS),
        LOOK,
        EditorView.lineWrapping,
        EditorState.readOnly.of(isReadOnly),
        EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": described, spellcheck: "true", tabindex: "0" }),
        // No Tab here: it leaves the editor, as it leaves every other field.
        keymap.of([
          { key: "Mod-s", preventDefault: true, run: () => (onSave(), true) },
          { key: "Enter", run: acceptCompletion },
          ...markdownKeymap,
          ...closeBracketsKeymap,
          ...searchKeymap,
          ...historyKeymap,
          ...completionKeymap,
          ...defaultKeymap,
        ]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !update.transactions.some((each) => each.isUserEvent("ours"))) onChange();
        }),
        EditorView.domEventHandlers({
          paste: (event, { state }) => takesFiles(event, event.clipboardData, state.selection.main.head),
          beforeinput: typesOver,
          drop: (event, target) => takesFiles(event, event.dataTransfer, target.posAtCoords(event) ?? target.state.selection.main.head),
        }),
      ],
    }),
  });

  view.dispatch({ selection: { anchor: textStart(view.state) } });

  // Left to the browser, what is typed over several lines is put into a <span style>, to look as they
  // did: our content security policy forbids that, and says so in the console.
  function typesOver(event, target) {
    const { from, to, empty } = target.state.selection.main;
    if (event.inputType !== "insertText" || event.data === null || empty || isReadOnly) return false;
    event.preventDefault();
    const insert = () => target.state.update(target.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
    const isTaken = target.state.facet(EditorView.inputHandler).some((handler) => handler(target, from, to, event.data, insert));
    if (!isTaken) target.dispatch(insert());
    return true;
  }

  function takesFiles(event, data, at) {
    const files = [...(data?.files ?? [])];
    if (!files.length || !onFiles(files, at)) return false;
    event.preventDefault();
    return true;
  }

  return {
    focus: () => view.focus(),
    text: () => view.state.doc.toString(),
    /** Replaces the smallest part that differs, so that the cursor and the history stay. */
    setText(fresh, { isOurs = false } = {}) {
      const change = difference(view.state.doc.toString(), fresh);
      // The fields above write into the first lines, which nothing else reaches.
      if (change) view.dispatch({ changes: change, userEvent: isOurs ? "ours" : "input", filter: false });
    },
    /** Puts text where the cursor is, `|` being where it stands afterwards. */
    insert(snippet, { at = null, isBlock = false } = {}) {
      const { from, to } = at === null ? view.state.selection.main : placeAt(Math.max(at, textStart(view.state)));
      const { text: fresh, cursor } = placed(view.state, snippet, { from, to, isBlock });
      view.dispatch({ changes: { from, to, insert: fresh }, selection: { anchor: from + cursor }, scrollIntoView: true, userEvent: "input" });
      view.focus();
    },
    goTo(number) {
      const line = view.state.doc.line(Math.min(Math.max(number, 1), view.state.doc.lines));
      if (line.from < textStart(view.state)) onFirstLines();
      view.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
      view.focus();
    },
    showFirstLines: (isShown) => showFirstLines(view, isShown),
    /** Marks lines: [{line, message, isError}]. */
    mark(findings) {
      const known = findings.filter(({ line }) => line >= 1 && line <= view.state.doc.lines);
      view.dispatch(setDiagnostics(view.state, known.map(({ line, message, isError }) => {
        const { from, to } = view.state.doc.line(line);
        return { from, to, message, severity: isError ? "error" : "warning" };
      })));
    },
  };
}

function placeAt(at) {
  return { from: at, to: at };
}

function language({ fields, filters }) {
  const variables = fields[""] ?? [];
  const base = yamlFrontmatter({ content: markdown({ completeHTMLTags: false }) });
  return [
    jinja({ base, variables, properties: (path) => fields[path.join(".")] ?? [] }),
    EditorState.languageData.of(() => [{ autocomplete: (context) => completeFilter(context, filters) }]),
  ];
}

// Behind a "|" inside of braces.
function completeFilter(context, filters) {
  const before = context.matchBefore(/\{[{%][^}]*\|\s*\w*/);
  if (!before) return null;
  const word = /\w*$/.exec(before.text)[0];
  return { from: context.pos - word.length, options: filters, validFor: /^\w*$/ };
}

function placed(state, snippet, { from, to, isBlock }) {
  const chosen = state.sliceDoc(from, to);
  let text = chosen && !snippet.includes("\n") ? snippet.replace(/\u00ab[^\u00bb]*\u00bb/, chosen) : snippet;
  text = text.replaceAll(/[\u00ab\u00bb]/g, "");
  if (isBlock) {
    const above = state.sliceDoc(Math.max(from - 2, 0), from);
    const below = state.sliceDoc(to, to + 2);
    const gap = from === 0 || above === "\n\n" ? "" : above.endsWith("\n") ? "\n" : "\n\n";
    text = `${gap}${text}${below.startsWith("\n\n") || below === "" ? "" : below.startsWith("\n") ? "\n" : "\n\n"}`;
  }
  return { text, cursor: text.trimEnd().length };
}

function difference(old, fresh) {
  if (old === fresh) return null;
  let from = 0;
  const most = Math.min(old.length, fresh.length);
  while (from < most && old[from] === fresh[from]) from += 1;
  let end = 0;
  while (end < most - from && old.at(-1 - end) === fresh.at(-1 - end)) end += 1;
  return { from, to: old.length - end, insert: fresh.slice(from, fresh.length - end) };
}

// A description is found only within the same tree.
function describedInside(root, words) {
  const hint = document.createElement("span");
  hint.id = "hint";
  hint.hidden = true;
  hint.textContent = words;
  root.append(hint);
  return hint.id;
}
