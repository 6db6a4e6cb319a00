// Subject and preheader as fields of their own: both they and the first lines say the same text.
// Only plain lines are taken apart, "subject: …" between the two lines of dashes; what is written
// in another way stays as it is, and its field says so by being empty and closed.

const FENCE = /^---[ \t]*$/;

export function frontOf(text) {
  const lines = text.split("\n");
  if (!FENCE.test(lines[0])) return null;
  const end = lines.findIndex((line, place) => place > 0 && FENCE.test(line));
  return end < 0 ? null : { lines, end };
}

/** Returns a value of the first lines; null where it is missing or not written on one line. */
export function valueOf(text, key) {
  const front = frontOf(text);
  if (!front) return null;
  const line = front.lines.slice(1, front.end).find((each) => each.startsWith(`${key}:`));
  return line === undefined ? null : unquoted(line.slice(key.length + 1).trim());
}

export function withValue(text, key, value) {
  const front = frontOf(text);
  if (!front) return text;
  const place = front.lines.findIndex((line, at) => at > 0 && at < front.end && line.startsWith(`${key}:`));
  const fresh = `${key}: ${quoted(value)}`;
  if (place < 0) front.lines.splice(1, 0, fresh);
  else front.lines[place] = fresh;
  return front.lines.join("\n");
}

function unquoted(value) {
  if (/^[|>&*!]/.test(value)) return null;
  if (value.startsWith('"')) {
    try {
      return JSON.parse(value);
    } catch {
      return null;
    }
  }
  if (value.startsWith("'")) return value.endsWith("'") && value.length > 1 ? value.slice(1, -1).replaceAll("''", "'") : null;
  return value;
}

// YAML reads a plain value wrongly that begins with a sign of its own, or holds ": " or " #".
function quoted(value) {
  const isPlain = /^[\p{L}\p{N}(]/u.test(value) && !/: |:$| #|^\s|\s$/.test(value) && !/^(true|false|yes|no|on|off|null|[\d.:eE+-]+)$/i.test(value);
  return isPlain || value === "" ? value : JSON.stringify(value);
}
